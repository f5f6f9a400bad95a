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
