import { shellLine } from '@/shared/ui/CopyAsCli';
import type { NewRollout } from '../api/planRollout';
import type { Order, OrderWord } from '../api/orderRollout';

/** The words of an order on the command line. */
export function orderCommand(id: string, word: OrderWord, order: Order): string {
  const words = ['stratus', 'rollout', word === 'rollback' ? 'abort' : word, id];
  if (word === 'retry' || word === 'cancel') for (const device of order.devices ?? []) words.push('--device', device);
  if (order.give_back) words.push('--return');
  if (order.reason) words.push('--reason', order.reason);
  return shellLine(words);
}

/** `stratus rollout create` (or `plan`) that asks for the same. */
export function rolloutCommand(wish: NewRollout, verb: 'create' | 'plan' = 'create'): string {
  const words = ['stratus', 'rollout', verb, ...wish.contents.map(({ name, version }) => `${name}:${version}`)];
  const push = (option: string, value: string | number | undefined) => {
    if (value !== undefined && value !== '' && value !== 0) words.push(option, String(value));
  };
  push('--title', wish.title);
  const { all, devices = [], groups = [], regions = [], filter } = wish.targets;
  if (all) words.push('--all');
  devices.forEach((device) => push('--device', device));
  groups.forEach((group) => push('--group', group));
  regions.forEach((region) => push('--region', region));
  push('--filter', filter);
  for (const wave of wish.waves ?? []) {
    let text = wave.groups?.length
      ? wave.groups.map((group) => `group:${group}`).join(',')
      : wave.count
        ? String(wave.count)
        : `${wave.percent}%`;
    if (wave.soak_s) text += `,soak=${durationWord(wave.soak_s)}`;
    if (wave.success_percent !== undefined) text += `,success=${wave.success_percent}`;
    if (wave.failure_percent !== undefined) text += `,failure=${wave.failure_percent}`;
    words.push('--wave', text);
  }
  push('--start-at', wish.start_at);
  push('--expires', wish.expires_s && durationWord(wish.expires_s));
  if (wish.window)
    push(
      '--window',
      `${wish.window.days?.length ? `${wish.window.days.join(',')} ` : ''}${wish.window.from}-${wish.window.to}`,
    );
  push('--rate', wish.rate_per_minute);
  push('--in-flight', wish.max_in_flight);
  push('--retries', wish.retries);
  push('--retry-delay', wish.retry_delay_s && durationWord(wish.retry_delay_s));
  push('--joining', wish.joining === 'no' ? undefined : wish.joining);
  if (wish.approval) words.push('--approval');
  if (wish.unsigned) words.push('--unsigned');
  if (wish.draft) words.push('--draft');
  return shellLine(words);
}

/** 5400 → "90m". */
export function durationWord(seconds: number): string {
  for (const [unit, length] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const) {
    if (seconds % length === 0) return `${seconds / length}${unit}`;
  }
  return `${seconds}s`;
}
