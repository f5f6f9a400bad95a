import { Button, Group, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Problem } from '../api/problem';
import { problemText } from '../api/problemTexts';
import { uiText } from './i18n';
import { Icon } from './icons';

const closeButtonProps = () => ({ 'aria-label': uiText('close') });

/** Says what came of it ("Rollout paused: 12 devices go on"), not what was asked. */
export function toastDone(message: string) {
  notifications.show({ message, color: 'green', icon: <Icon name="check" />, closeButtonProps: closeButtonProps() });
}

const UNDO_MS = 10_000;

/** The same for what can still be taken back: by a button, for ten seconds. */
export function toastUndo(message: string, undo: () => Promise<unknown>) {
  let done = false;
  const act = () => {
    if (done) return; // the button stays for as long as it takes to fade
    done = true;
    notifications.hide(id);
    undo().catch(toastProblem);
  };
  const id = notifications.show({
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button size="compact-sm" variant="default" leftSection={<Icon name="undo" size={14} />} onClick={act}>
          {uiText('undo')}
        </Button>
      </Group>
    ),
    color: 'green',
    icon: <Icon name="check" />,
    autoClose: UNDO_MS,
    closeButtonProps: closeButtonProps(),
  });
}

export function toastProblem(error: unknown) {
  const problem = Problem.ofNetwork(error);
  const { title, next } = problemText(problem.code);
  notifications.show({
    title,
    message: problem.detail || next,
    color: 'red',
    icon: <Icon name="warning" />,
    autoClose: 10_000,
    closeButtonProps: closeButtonProps(),
  });
}
