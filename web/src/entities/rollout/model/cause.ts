/**
 * The numbers of "gate of wave 3: 24 of 96 devices failed (at most 10 % may, 90 % must succeed)"; null: other words. They are what
 * the gate saw when it halted the rollout, and every page words them so: devices that were under way may have failed since, which
 * the counts beside it say.
 */
export function gateCause(cause: string): Record<'wave' | 'failures' | 'counted' | 'most' | 'least', string> | null {
  const found =
    /^gate of wave (?<wave>\d+): (?<failures>\d+) of (?<counted>\d+) devices failed \(at most (?<most>\d+) % may, (?<least>\d+) % must succeed\)$/.exec(
      cause,
    );
  return found?.groups ? (found.groups as ReturnType<typeof gateCause>) : null;
}
