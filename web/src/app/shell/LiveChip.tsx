import { useLiveState, type LiveState } from '@/shared/live';
import type { IconName } from '@/shared/ui/icons';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import { useAppTexts } from '../i18n';

const LOOKS: Record<LiveState, { tone: Tone; icon: IconName }> = {
  live: { tone: 'good', icon: 'circle' },
  connecting: { tone: 'busy', icon: 'dashed' },
  reconnecting: { tone: 'warning', icon: 'dashed' },
  off: { tone: 'idle', icon: 'minus' },
};

/** Whether what is shown is what is true now. */
export function LiveChip() {
  const t = useAppTexts();
  const state = useLiveState();
  return (
    <span role="status" style={{ display: 'inline-flex' }}>
      <StatusBadge {...LOOKS[state]} label={t(`live.${state}`)} title={t('live.hint')} />
    </span>
  );
}
