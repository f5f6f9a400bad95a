import { useQuery } from '@tanstack/react-query';
import { api, take, type Answer, type Body } from '@/shared/api/client';
import { shellLine } from '@/shared/ui/CopyAsCli';

export type CodeWish = Body<'makeRegistrationCodes'>;
export type Kind = NonNullable<CodeWish['kind']>;
export type NewCode = Answer<'makeRegistrationCodes'>['codes'][number];

export const codeKeys = ['registration-codes'] as const;

export const makeCodes = (wish: CodeWish) => take(api.POST('/api/v1/registration-codes', { body: wish }));
export const withdrawCode = (id: string) =>
  take(api.DELETE('/api/v1/registration-codes/{id}', { params: { path: { id } } }));

/** Which of the codes were used, and by whom: looked at while somebody waits for it. */
export function useClaims(ids: readonly string[]) {
  return useQuery({
    queryKey: [...codeKeys, ...ids],
    queryFn: async () => {
      const { items } = await take(
        api.GET('/api/v1/registration-codes', { params: { query: { all: '1', limit: 1000 } } }),
      );
      const claims = new Map<string, string>();
      for (const { id, used_by } of items) if (used_by && ids.includes(id)) claims.set(id, used_by);
      return claims;
    },
    enabled: ids.length > 0,
    structuralSharing: false,
    refetchInterval: (query) => (query.state.data?.size === ids.length ? false : 2000),
  });
}

/** "123456" → "123 456": read aloud and typed in halves. */
export function spacedCode(code: string): string {
  const half = Math.ceil(code.length / 2);
  return `${code.slice(0, half)} ${code.slice(half)}`;
}

/** `fingerprint`: of the server's root, so that the device knows whom it gives the code to. */
export function enrolLine(kind: Kind, server: string, code: string, fingerprint: string | undefined): string {
  if (kind === 'gateway') {
    const gateway = ['stratus-gateway', '--upstream', server, '--upstream-ca', 'server.pem', '--enrol-code', code];
    return shellLine([...gateway, '--data', '/var/lib/stratus-gateway']);
  }
  const words = ['stratus-agent', 'enrol', '--server', server, '--code', code, '--data', '/var/lib/stratus-agent'];
  return shellLine([...words, ...(fingerprint ? ['--ca-fingerprint', fingerprint] : [])]);
}

/** What the QR code holds: an address that set-up programs of devices read. */
export function enrolAddress(server: string, code: string): string {
  return `stratus:enrol?server=${encodeURIComponent(server)}&code=${code}`;
}

export function codeCommand({ kind, region, group, ttl_s, count }: CodeWish): string {
  const words = ['stratus', 'device', 'code'];
  if (kind === 'gateway') words.push('--kind', 'gateway');
  if (region) words.push('--region', region);
  if (group) words.push('--group', group);
  if (ttl_s) words.push('--ttl', `${ttl_s / 60}m`);
  if (count && count > 1) words.push('--count', String(count));
  return shellLine(words);
}
