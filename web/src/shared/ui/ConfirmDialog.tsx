import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { ProblemAlert } from './PageState';
import { CopyAsCli } from './CopyAsCli';
import { useUiTexts } from './i18n';

interface Props {
  opened: boolean;
  title: string;
  children?: ReactNode;
  action: string; // names what happens: "Pause rollout", never "OK"
  danger?: boolean;
  /** To be typed before a dangerous action is possible. */
  word?: string;
  command?: string;
  curl?: string;
  /** Throws a Problem when refused; the dialog shows it and stays. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ opened, onClose, title, ...rest }: Props) {
  const t = useUiTexts();
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('close') }}>
      {opened && <Content onClose={onClose} {...rest} />}
    </Modal>
  );
}

function Content({
  children,
  action,
  danger,
  word,
  command,
  curl,
  onConfirm,
  onClose,
}: Omit<Props, 'opened' | 'title'>) {
  const t = useUiTexts();
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  return (
    <Stack>
      {children}
      {word && (
        <TextInput
          label={t('typeToConfirm', { word })}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          data-autofocus
        />
      )}
      {(command || curl) && <CopyAsCli command={command} curl={curl} />}
      {error !== null && <ProblemAlert error={error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button
          color={danger ? 'red' : undefined}
          loading={busy}
          disabled={word !== undefined && typed !== word}
          onClick={() => void confirm()}
        >
          {action}
        </Button>
      </Group>
    </Stack>
  );
}
