import type { Answer } from '@/shared/api/client';

export type Certificates = Answer<'listCertificates'>;
export type CertificateHealth = 'none' | 'revoked' | 'expired' | 'expiring' | 'valid';

const RENEW_BEFORE_MS = 30 * 86_400_000; // as devices do by default
const OVERDUE_MS = 25 * 86_400_000; // a device that renews by itself is done by then

/** `expiring`: the renewal is overdue. */
export function certificateHealth({ enrolled, revoked, items }: Certificates, now: number): CertificateHealth {
  if (revoked) return 'revoked';
  const active = items.find((item) => item.state === 'active');
  if (!enrolled || !active) return 'none';
  const left = Date.parse(active.not_after) - now;
  if (left <= 0) return 'expired';
  // Short-lived certificates renew later than 30 days before their end.
  const life = Date.parse(active.not_after) - Date.parse(active.not_before);
  return left < Math.min(OVERDUE_MS, life / 10) && left < RENEW_BEFORE_MS ? 'expiring' : 'valid';
}
