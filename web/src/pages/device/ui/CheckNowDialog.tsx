import { Text } from '@mantine/core';
import { api, take } from '@/shared/api/client';
import { ConfirmDialog } from '@/shared/ui/ConfirmDialog';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { toastDone } from '@/shared/ui/toast';
import { translate, useTexts } from '../i18n';

/** The device's answer comes with the timeline. */
export function CheckNowDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTexts();
  const ask = async () => {
    await take(api.POST('/api/v1/devices/{id}/commands', { params: { path: { id } }, body: { command: 'check_now' } }));
    toastDone(translate('checkNow.sent', { device: id }));
  };
  return (
    <ConfirmDialog
      opened
      title={t('checkNow.title')}
      action={t('checkNow.title')}
      command={shellLine(['stratus', 'device', 'command', id, 'check_now', '--wait'])}
      onConfirm={ask}
      onClose={onClose}
    >
      <Text>{t('checkNow.text')}</Text>
    </ConfirmDialog>
  );
}
