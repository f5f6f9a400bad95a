import { Button } from '@mantine/core';
import { useState } from 'react';
import { copyText } from '../lib/clipboard';
import { useUiTexts } from './i18n';
import { Icon, type IconName } from './icons';

export function CopyButton({ value, label, icon = 'copy' }: { value: string; label?: string; icon?: IconName }) {
  const t = useUiTexts();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    setCopied(await copyText(value));
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <Button
      size="compact-xs"
      variant="default"
      leftSection={<Icon name={copied ? 'check' : icon} size={13} />}
      onClick={() => void copy()}
    >
      {copied ? t('copied') : (label ?? t('copy'))}
    </Button>
  );
}
