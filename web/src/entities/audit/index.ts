import { defineTexts, type Shape } from '@/shared/i18n';
import { whoIs } from '@/shared/lib/whoIs';
import type { Topic } from '@/shared/live';
import { ACTIONS_EN, ACTIONS_KO } from './actions';

export const en = {
  action: ACTIONS_EN,
  kind: {
    user: 'User',
    token: 'Token',
    device: 'Device',
    gateway: 'Gateway',
    region: 'Region',
    group: 'Group',
    filter: 'Saved view',
    rollout: 'Rollout',
    release: 'Release',
    firmware: 'Firmware',
    content: 'Content',
    registration_code: 'Code',
    settings: 'Settings',
  },
  nobody: 'nobody signed in',
};

export const ko: Shape<typeof en> = {
  action: ACTIONS_KO,
  kind: {
    user: '사용자',
    token: '토큰',
    device: '기기',
    gateway: '게이트웨이',
    region: '지역',
    group: '그룹',
    filter: '저장된 보기',
    rollout: '배포',
    release: '버전',
    firmware: '펌웨어',
    content: '콘텐츠',
    registration_code: '코드',
    settings: '설정',
  },
  nobody: '로그인 전',
};

const { useTexts } = defineTexts('audit-entry', en, ko);
type Action = keyof typeof en.action;
type Kind = keyof typeof en.kind;

/** What tells of new entries: enrolment, revocation and rollouts are told by their own topics. */
export const AUDIT_TOPICS: readonly Topic[] = ['audit', 'certificates', 'rollouts'];

/** Entries of the audit log in words: what was done, by whom, about what. A code that is not known stays as it is. */
export function useAuditWords() {
  const t = useTexts();
  const thing = (object: string) => {
    const [kind = '', ...rest] = object.split(':');
    return kind in en.kind && rest.length ? `${t(`kind.${kind as Kind}`)} ${rest.join(':')}` : object;
  };
  const actor = (principal: string) =>
    principal === 'anonymous' ? t('nobody') : principal.startsWith('user:') ? whoIs(principal) : thing(principal);
  return {
    action: (code: string) => {
      const key = code.replace('.', '_');
      return key in en.action ? t(`action.${key as Action}`) : code;
    },
    actor,
    object: thing,
    /** Who did it to what; only the latter where nobody was signed in yet. */
    both: (principal: string, object: string) =>
      principal === 'anonymous' ? thing(object) : `${actor(principal)} → ${thing(object)}`,
  };
}
