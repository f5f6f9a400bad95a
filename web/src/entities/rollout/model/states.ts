import type { Answer } from '@/shared/api/client';
import type { Tone } from '@/shared/ui/StatusBadge';
import type { IconName } from '@/shared/ui/icons';

export type Rollout = Answer<'getRollout'>;
export type RolloutState = Rollout['state'];
export type RolloutDevice = Answer<'listRolloutDevices'>['items'][number];
export type DeviceState = RolloutDevice['state'];

export const DEVICE_STATES = [
  'waiting',
  'requested',
  'downloading',
  'installing',
  'cancelling',
  'returning',
  'success',
  'failed',
  'timeout',
  'cancelled',
  'rolled_back',
  'returned',
] as const satisfies readonly DeviceState[];

/** Closed, and not as was wanted. */
export const FAILED_STATES = ['failed', 'timeout', 'rolled_back'] as const satisfies readonly DeviceState[];
export const UNDER_WAY_STATES = [
  'requested',
  'downloading',
  'installing',
  'cancelling',
  'returning',
] as const satisfies readonly DeviceState[];

interface Look {
  tone: Tone;
  icon: IconName;
  /** Name of a colour of the theme; the same in bars, tiles and legends. */
  color: string;
}

export const DEVICE_STATE_LOOKS: Record<DeviceState, Look> = {
  waiting: { tone: 'idle', icon: 'clock', color: 'gray.4' },
  requested: { tone: 'busy', icon: 'right', color: 'blue.3' },
  downloading: { tone: 'busy', icon: 'download', color: 'blue.5' },
  installing: { tone: 'busy', icon: 'retry', color: 'indigo.6' },
  cancelling: { tone: 'warning', icon: 'stop', color: 'yellow.4' },
  returning: { tone: 'warning', icon: 'undo', color: 'yellow.6' },
  success: { tone: 'good', icon: 'check', color: 'green.6' },
  failed: { tone: 'bad', icon: 'cross', color: 'red.7' },
  timeout: { tone: 'bad', icon: 'clock', color: 'orange.7' },
  cancelled: { tone: 'idle', icon: 'minus', color: 'gray.6' },
  rolled_back: { tone: 'bad', icon: 'undo', color: 'pink.6' },
  returned: { tone: 'info', icon: 'undo', color: 'violet.5' },
};

export const ROLLOUT_STATE_LOOKS: Record<RolloutState, { tone: Tone; icon: IconName }> = {
  draft: { tone: 'idle', icon: 'edit' },
  approval: { tone: 'warning', icon: 'user' },
  scheduled: { tone: 'info', icon: 'clock' },
  running: { tone: 'busy', icon: 'play' },
  paused: { tone: 'warning', icon: 'pause' },
  aborting: { tone: 'warning', icon: 'stop' },
  completed: { tone: 'good', icon: 'check' },
  aborted: { tone: 'idle', icon: 'stop' },
};

export function isDeviceState(word: string): word is DeviceState {
  return word in DEVICE_STATE_LOOKS;
}

export function isRolloutState(word: string): word is RolloutState {
  return word in ROLLOUT_STATE_LOOKS;
}

/** The tabs of the list of rollouts. */
export const ROLLOUT_TABS = {
  running: ['running', 'paused', 'aborting'],
  scheduled: ['scheduled', 'approval'],
  finished: ['completed', 'aborted'],
  drafts: ['draft'],
} as const satisfies Record<string, readonly RolloutState[]>;
export type RolloutTab = keyof typeof ROLLOUT_TABS;

export type RolloutAction =
  'submit' | 'approve' | 'reject' | 'pause' | 'resume' | 'advance' | 'retry' | 'abort' | 'rollback';

/** Which orders the table of docs/rollouts.md allows in a state; the server has the last word. */
export function actionsOf(state: RolloutState, { done, failed }: { done: number; failed: number }): RolloutAction[] {
  const retry: RolloutAction[] = failed > 0 ? ['retry'] : [];
  const rollback: RolloutAction[] = done > 0 ? ['rollback'] : [];
  switch (state) {
    case 'draft':
      return ['submit', 'abort'];
    case 'approval':
      return ['approve', 'reject', 'abort'];
    case 'scheduled':
      return ['pause', 'abort', ...rollback];
    case 'running':
      return ['pause', 'advance', ...retry, 'abort', ...rollback];
    case 'paused':
      return ['resume', ...retry, 'abort', ...rollback];
    case 'completed':
      return [...retry, ...rollback];
    default:
      return [];
  }
}
