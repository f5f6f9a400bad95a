import type { Scope } from '@/entities/session';
import type { IconName } from '@/shared/ui/icons';

export type SectionName =
  | 'overview'
  | 'rollouts'
  | 'devices'
  | 'images'
  | 'firmware'
  | 'content'
  | 'groups'
  | 'gateways'
  | 'monitoring'
  | 'audit'
  | 'settings';

/** `scope`: what one has to be permitted to see anything there. */
export const SECTIONS: { name: SectionName; path: string; icon: IconName; scope?: Scope }[] = [
  { name: 'overview', path: '/', icon: 'overview', scope: 'devices:read' },
  { name: 'rollouts', path: '/rollouts', icon: 'rollouts', scope: 'rollouts:read' },
  { name: 'devices', path: '/devices', icon: 'devices', scope: 'devices:read' },
  { name: 'images', path: '/images', icon: 'images', scope: 'releases:read' },
  { name: 'firmware', path: '/firmware', icon: 'firmware', scope: 'releases:read' },
  { name: 'content', path: '/content', icon: 'content', scope: 'releases:read' },
  { name: 'groups', path: '/groups', icon: 'groups', scope: 'devices:read' },
  { name: 'gateways', path: '/gateways', icon: 'gateways', scope: 'devices:read' },
  { name: 'monitoring', path: '/monitoring', icon: 'monitoring' },
  { name: 'audit', path: '/audit', icon: 'audit', scope: 'audit:read' },
  { name: 'settings', path: '/settings', icon: 'settings' },
];
