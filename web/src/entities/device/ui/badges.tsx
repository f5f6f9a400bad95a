import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import type { IconName } from '@/shared/ui/icons';
import { en, useDeviceTexts } from '../i18n';

/** States of docs/device-states.md; a word that this console does not know is shown as it is. */
const LOOKS: Record<keyof typeof en.state, { tone: Tone; icon: IconName }> = {
  none: { tone: 'idle', icon: 'minus' },
  idle: { tone: 'good', icon: 'check' },
  checking: { tone: 'busy', icon: 'search' },
  planned: { tone: 'busy', icon: 'clock' },
  fetching: { tone: 'busy', icon: 'download' },
  verifying: { tone: 'busy', icon: 'shield' },
  installed: { tone: 'busy', icon: 'folder' },
  swapping: { tone: 'busy', icon: 'retry' },
  probation: { tone: 'busy', icon: 'eye' },
  committed: { tone: 'good', icon: 'check' },
  failed: { tone: 'bad', icon: 'cross' },
  rolled_back: { tone: 'bad', icon: 'undo' },
  cancelled: { tone: 'idle', icon: 'minus' },
};

const isKnown = (state: string): state is keyof typeof LOOKS => state in LOOKS;

/** Its last reported state; the reason on hover. */
export function DeviceStateBadge({ state, reason }: { state: string; reason?: string }) {
  const t = useDeviceTexts();
  const word = state || 'none';
  if (!isKnown(word)) return <StatusBadge tone="info" label={word} title={reason} />;
  return <StatusBadge {...LOOKS[word]} label={t(`state.${word}`)} title={reason} />;
}

export type Health = keyof typeof en.health;
const HEALTH: Record<Health, { tone: Tone; icon: IconName }> = {
  online: { tone: 'good', icon: 'power' },
  degraded: { tone: 'warning', icon: 'warning' },
  offline: { tone: 'idle', icon: 'power' },
  never: { tone: 'idle', icon: 'minus' },
};

export function HealthBadge({ health }: { health: Health }) {
  const t = useDeviceTexts();
  return <StatusBadge {...HEALTH[health]} label={t(`health.${health}`)} />;
}
