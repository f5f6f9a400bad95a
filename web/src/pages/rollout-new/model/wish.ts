import type { NewRollout } from '@/entities/rollout/api/planRollout';
import type { Rollout } from '@/entities/rollout/model/states';

export interface Part {
  name: string;
  version: string;
}

export type Who = 'all' | 'places' | 'filter' | 'devices';

export interface WaveForm {
  by: 'percent' | 'count' | 'groups';
  amount: number;
  groups: string[];
  success: number;
  failure: number;
  soakMinutes: number;
}

/** Everything of the form; numbers that are 0 mean "no limit" or "the server's default". */
export interface Wish {
  title: string;
  parts: Part[];
  who: Who;
  regions: string[];
  groups: string[];
  filter: string;
  devices: string[];
  plan: 'once' | 'canary' | 'custom';
  waves: WaveForm[];
  startAt: string; // RFC 3339; empty: at once
  windowOn: boolean;
  windowDays: string[];
  windowFrom: string;
  windowTo: string;
  rate: number;
  inFlight: number;
  retries: number;
  expireDays: number;
  joining: 'no' | 'while_running' | 'until_expiry';
  approval: boolean;
  unsigned: boolean; // although devices will refuse it
}

const wave = (amount: number, soakMinutes: number): WaveForm => ({
  by: 'percent',
  amount,
  groups: [],
  success: 90,
  failure: 10,
  soakMinutes,
});
/** A few first, then some, then all. */
export const CANARY: WaveForm[] = [wave(1, 60), wave(10, 60), wave(100, 0)];
export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const EMPTY: Wish = {
  title: '',
  parts: [],
  who: 'places',
  regions: [],
  groups: [],
  filter: '',
  devices: [],
  plan: 'canary',
  waves: CANARY,
  startAt: '',
  windowOn: false,
  windowDays: [],
  windowFrom: '02:00',
  windowTo: '05:00',
  rate: 0,
  inFlight: 0,
  retries: 1,
  expireDays: 7,
  joining: 'no',
  approval: false,
  unsigned: false,
};

/** What a link asks for: `what=NAME:VERSION`, `device`, `region`, `group` (each again and again), `filter`, `all=1`. */
export function wishOfQuery(query: URLSearchParams): Wish {
  const parts = query.getAll('what').flatMap((text) => {
    const colon = text.lastIndexOf(':');
    return colon > 0 && colon < text.length - 1 ? [{ name: text.slice(0, colon), version: text.slice(colon + 1) }] : [];
  });
  const devices = query.getAll('device');
  const filter = query.get('filter') ?? '';
  const who: Who = query.get('all') === '1' ? 'all' : devices.length ? 'devices' : filter ? 'filter' : 'places';
  return { ...EMPTY, parts, devices, filter, regions: query.getAll('region'), groups: query.getAll('group'), who };
}

interface StoredSpec {
  contents?: Part[];
  targets?: NewRollout['targets'];
  waves?: {
    percent?: number;
    count?: number;
    groups?: string[];
    success_percent?: number;
    failure_percent?: number;
    soak_ms?: number;
  }[];
  rate_per_minute?: number;
  max_in_flight?: number;
  retries?: number;
  joining?: Wish['joining'];
  approval?: boolean;
  window?: { days?: string[]; from: string; to: string };
}

/** A copy of an older rollout; its times are not taken over. */
export function wishOfRollout(rollout: Rollout): Wish {
  const spec = (rollout.spec ?? {}) as StoredSpec;
  const { all, devices = [], groups = [], regions = [], filter = '' } = spec.targets ?? {};
  const waves = (spec.waves ?? []).map((one): WaveForm => ({
    by: one.groups?.length ? 'groups' : one.count ? 'count' : 'percent',
    amount: one.count ?? one.percent ?? 100,
    groups: one.groups ?? [],
    success: one.success_percent ?? 90,
    failure: one.failure_percent ?? 10,
    soakMinutes: Math.round((one.soak_ms ?? 0) / 60_000),
  }));
  return {
    ...EMPTY,
    title: rollout.title,
    parts: (spec.contents ?? rollout.contents).map(({ name, version }) => ({ name, version })),
    who: all ? 'all' : devices.length ? 'devices' : filter ? 'filter' : 'places',
    devices,
    groups,
    regions,
    filter,
    plan: waves.length > 1 ? 'custom' : 'once',
    waves: waves.length > 1 ? waves : CANARY,
    rate: spec.rate_per_minute ?? 0,
    inFlight: spec.max_in_flight ?? 0,
    retries: spec.retries ?? 0,
    joining: spec.joining ?? 'no',
    approval: spec.approval ?? false,
    windowOn: spec.window !== undefined,
    windowDays: spec.window?.days ?? [],
    windowFrom: spec.window?.from ?? EMPTY.windowFrom,
    windowTo: spec.window?.to ?? EMPTY.windowTo,
  };
}

export function targetsOf(wish: Wish): NewRollout['targets'] {
  switch (wish.who) {
    case 'all':
      return { all: true };
    case 'devices':
      return { devices: wish.devices };
    case 'filter':
      return { filter: wish.filter.trim() };
    case 'places':
      return {
        ...(wish.regions.length && { regions: wish.regions }),
        ...(wish.groups.length && { groups: wish.groups }),
      };
  }
}

export const hasTargets = (wish: Wish) =>
  wish.who === 'all' ||
  (wish.who === 'devices'
    ? wish.devices.length > 0
    : wish.who === 'filter'
      ? wish.filter.trim() !== ''
      : wish.regions.length + wish.groups.length > 0);

/** What is sent; null while the first two questions are not answered. */
export function rolloutOf(wish: Wish): NewRollout | null {
  if (wish.parts.length === 0 || !hasTargets(wish)) return null;
  const waves = wish.plan === 'once' ? [] : wish.plan === 'canary' ? CANARY : wish.waves;
  return {
    ...(wish.title && { title: wish.title }),
    contents: wish.parts,
    targets: targetsOf(wish),
    ...(waves.length && {
      waves: waves.map((one) => ({
        ...(one.by === 'groups' ? { groups: one.groups } : { [one.by]: one.amount }),
        success_percent: one.success,
        failure_percent: one.failure,
        soak_s: one.soakMinutes * 60,
      })),
    }),
    ...(wish.startAt && { start_at: wish.startAt }),
    ...(wish.windowOn && {
      window: {
        ...(wish.windowDays.length && { days: wish.windowDays as (typeof DAYS)[number][] }),
        from: wish.windowFrom,
        to: wish.windowTo,
      },
    }),
    ...(wish.rate > 0 && { rate_per_minute: wish.rate }),
    ...(wish.inFlight > 0 && { max_in_flight: wish.inFlight }),
    ...(wish.retries > 0 && { retries: wish.retries }),
    expires_s: wish.expireDays * 86_400,
    ...(wish.joining !== 'no' && { joining: wish.joining }),
    ...(wish.approval && { approval: true }),
    ...(wish.unsigned && { unsigned: true }),
  };
}

export type Risk = 'noWaves' | 'noGate' | 'noSoak' | 'wide' | 'manyLeftOut' | 'noRetries';

/** What an experienced colleague would ask. `devices`, `excluded`: of the plan. */
export function risksOf(wish: Wish, devices: number, excluded: number): Risk[] {
  const risks: Risk[] = [];
  const waves = wish.plan === 'canary' ? CANARY : wish.waves;
  if (wish.plan === 'once' && devices > 10) risks.push('noWaves');
  if (wish.plan === 'custom' && waves.some((one) => one.failure >= 50 || one.success <= 50)) risks.push('noGate');
  if (wish.plan === 'custom' && waves.length > 1 && waves.slice(0, -1).every((one) => one.soakMinutes === 0))
    risks.push('noSoak');
  if (wish.who === 'all' && !wish.approval) risks.push('wide');
  if (excluded > devices) risks.push('manyLeftOut');
  if (wish.retries === 0) risks.push('noRetries');
  return risks;
}
