import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'Rollouts',
  subtitle: 'Versions to many devices, wave by wave',
  create: 'New rollout',
  tabs: { running: 'Running', scheduled: 'Scheduled', finished: 'Finished', drafts: 'Drafts' },
  column: {
    title: 'Rollout',
    state: 'State',
    progress: 'Progress',
    done: 'Updated',
    failed: 'Failed',
    left: 'Left',
    wave: 'Wave',
    when: 'When',
    starts: 'Starts',
  },
  waveOf: '{{wave}} of {{total}}',
  atOnce: 'at once',
  onceApproved: 'once approved',
  zone: 'Times in {{zone}}',
  notAll: 'Only the {{count, number}} newest of these rollouts are in the calendar and the list.',
  calendar: 'Calendar of starts',
  earlier: 'Earlier month',
  later: 'Later month',
  ended: '{{percent}} ended',
  eta: 'about {{time}} left',
  empty: {
    running: 'Nothing is being rolled out',
    scheduled: 'Nothing is scheduled',
    finished: 'Nothing has finished yet',
    drafts: 'No drafts',
  },
  emptyText:
    'A rollout brings versions to chosen devices in waves. After each wave a gate looks at failures and halts by itself when too many devices fail. Nothing starts beyond a halt.',
};

export const ko: Shape<typeof en> = {
  title: '배포',
  subtitle: '여러 기기에 단계별로 버전을 배포합니다',
  create: '새 배포',
  tabs: { running: '진행 중', scheduled: '예약됨', finished: '끝남', drafts: '초안' },
  column: {
    title: '배포',
    state: '상태',
    progress: '진행률',
    done: '완료',
    failed: '실패',
    left: '남음',
    wave: '단계',
    when: '시각',
    starts: '시작 예정',
  },
  waveOf: '{{total}}단계 중 {{wave}}',
  atOnce: '즉시',
  onceApproved: '승인되면',
  zone: '시간대: {{zone}}',
  notAll: '달력과 목록에는 최근 배포 {{count, number}}건만 있습니다.',
  calendar: '시작 일정',
  earlier: '이전 달',
  later: '다음 달',
  ended: '{{percent}} 종료',
  eta: '약 {{time}} 남음',
  empty: {
    running: '진행 중인 배포가 없습니다',
    scheduled: '예약된 배포가 없습니다',
    finished: '끝난 배포가 없습니다',
    drafts: '초안이 없습니다',
  },
  emptyText:
    '배포는 선택한 기기에 단계별로 버전을 전달합니다. 각 단계가 끝나면 실패를 확인하고, 실패가 너무 많으면 스스로 멈춥니다. 멈춘 뒤에는 새로 시작하는 기기가 없습니다.',
};

export const { useTexts, translate } = defineTexts('rollouts', en, ko);
