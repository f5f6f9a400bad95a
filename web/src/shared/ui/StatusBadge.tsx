import { Badge } from '@mantine/core';
import { Icon, type IconName } from './icons';

export type Tone = 'good' | 'busy' | 'warning' | 'bad' | 'idle' | 'info';

const TONES: Record<Tone, { color: string; icon: IconName }> = {
  good: { color: 'green', icon: 'check' },
  busy: { color: 'blue', icon: 'retry' },
  warning: { color: 'orange', icon: 'warning' },
  bad: { color: 'red', icon: 'cross' },
  idle: { color: 'gray', icon: 'clock' },
  info: { color: 'indigo', icon: 'info' },
};

/** A state as colour, icon and word; never colour alone. */
export function StatusBadge({
  tone,
  label,
  icon,
  title,
}: {
  tone: Tone;
  label: string;
  icon?: IconName;
  title?: string;
}) {
  const { color, icon: usual } = TONES[tone];
  return (
    <Badge
      className={`status status-${tone}`}
      color={color}
      variant="light"
      leftSection={<Icon name={icon ?? usual} size={13} />}
      title={title}
    >
      {label}
    </Badge>
  );
}
