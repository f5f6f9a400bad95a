import { StatusBadge } from '@/shared/ui/StatusBadge';
import { ProgressBar } from '@/shared/ui/values';
import { useRolloutTexts } from '../i18n';
import { sharesOf, type Counts } from '../model/counts';
import { DEVICE_STATE_LOOKS, isDeviceState, ROLLOUT_STATE_LOOKS, type RolloutState } from '../model/states';

export function RolloutStateBadge({ state }: { state: RolloutState }) {
  const t = useRolloutTexts();
  const look = ROLLOUT_STATE_LOOKS[state];
  return <StatusBadge tone={look.tone} icon={look.icon} label={t(`state.${state}`)} />;
}

/** State of a device within a rollout. A word that this console does not know is shown as it is. */
export function RolloutDeviceBadge({ state }: { state: string }) {
  const t = useRolloutTexts();
  if (!isDeviceState(state)) return <StatusBadge tone="idle" label={state} />;
  const look = DEVICE_STATE_LOOKS[state];
  return <StatusBadge tone={look.tone} icon={look.icon} label={t(`device.${state}`)} />;
}

export function CountsBar({ counts, size }: { counts: Counts; size?: string }) {
  const t = useRolloutTexts();
  const shares = sharesOf(counts);
  return (
    <ProgressBar
      size={size}
      total={shares.total}
      label={t('tiles.summary', {
        total: shares.total,
        parts: `${t('shares.done')} ${shares.done}, ${t('shares.failed')} ${shares.failed}, ${t('shares.waiting')} ${shares.waiting}`,
      })}
      shares={[
        { value: shares.done, color: 'green.6', label: t('shares.done') },
        { value: shares.failed, color: 'red.7', label: t('shares.failed') },
        { value: shares.underWay, color: 'blue.5', label: t('shares.underWay') },
        { value: shares.out, color: 'gray.6', label: t('shares.out') },
      ]}
    />
  );
}
