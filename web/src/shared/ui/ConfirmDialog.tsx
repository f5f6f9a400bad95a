import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useSubmit } from '../lib/useSubmit';
import { CopyAsCli } from './CopyAsCli';
import { Dialog } from './Dialog';
import { useUiTexts } from './i18n';
import { ProblemAlert } from './PageState';

/** The same as a command of `stratus`, or of curl where that has no word for it: no action without one. */
type Line = { command: string; curl?: string } | { command?: undefined; curl: string };

type Props = Line & {
  opened: boolean;
  title: string;
  children?: ReactNode;
  action: string; // names what happens: "Pause rollout", never "OK"
  danger?: boolean;
  /** To be typed before a dangerous action is possible. */
  word?: string;
  /** Nothing would come of it; the children say why. */
  disabled?: boolean;
  /** Throws a Problem when refused; the dialog shows it and stays. */
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

export function ConfirmDialog({ opened, onClose, title, ...rest }: Props) {
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <Content onClose={onClose} {...rest} />
    </Dialog>
  );
}

type ContentProps = Line & Omit<Props, 'opened' | 'title' | keyof Line>;

function Content({ children, action, danger, word, disabled, command, curl, onConfirm, onClose }: ContentProps) {
  const t = useUiTexts();
  const [typed, setTyped] = useState('');
  const { busy, error, submit } = useSubmit(async () => {
    await onConfirm();
    onClose();
  });
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
      <CopyAsCli command={command} curl={curl} />
      {error !== null && <ProblemAlert error={error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button
          color={danger ? 'red' : undefined}
          loading={busy}
          disabled={disabled || (word !== undefined && typed !== word)}
          onClick={submit}
        >
          {action}
        </Button>
      </Group>
    </Stack>
  );
}
