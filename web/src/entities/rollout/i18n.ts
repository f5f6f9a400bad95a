import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  state: {
    draft: 'Draft',
    approval: 'Waits for approval',
    scheduled: 'Scheduled',
    running: 'Running',
    paused: 'Paused',
    aborting: 'Aborting',
    completed: 'Completed',
    aborted: 'Aborted',
  },
  device: {
    waiting: 'Waiting',
    requested: 'Its turn',
    downloading: 'Downloading',
    installing: 'Installing',
    cancelling: 'Stopping',
    returning: 'Going back',
    success: 'Updated',
    failed: 'Failed',
    timeout: 'Timed out',
    cancelled: 'Cancelled',
    rolled_back: 'Rolled back',
    returned: 'Went back',
  },
  shares: { done: 'Updated', failed: 'Failed', underWay: 'Under way', waiting: 'Waiting', out: 'Taken out' },
  reason: {
    unknown_device: 'Not known to the server',
    retired: 'Kept out of rollouts',
    other_image: 'Follows another image',
    architecture: 'Other processor architecture',
    device_class: 'Other hardware',
    already_runs: 'Runs it already',
    went_back: 'Went back from this release before',
  },
  gateCause:
    'The gate of wave {{wave}} halted it when {{failures}} of {{counted}} devices had failed; at most {{most}}% may, {{least}}% must succeed.',
  tiles: {
    label: 'Devices of the rollout',
    summary: '{{total}} devices: {{parts}}',
    helpOpen: 'Arrow keys move from device to device, Enter opens one.',
    help: 'Arrow keys move from device to device, Enter opens one. Drag over squares to choose several.',
    wave: 'Wave {{wave}}',
  },
};

export const ko: Shape<typeof en> = {
  state: {
    draft: '초안',
    approval: '승인 대기',
    scheduled: '예약됨',
    running: '진행 중',
    paused: '일시 중지',
    aborting: '중단하는 중',
    completed: '완료',
    aborted: '중단됨',
  },
  device: {
    waiting: '대기',
    requested: '차례가 됨',
    downloading: '내려받는 중',
    installing: '설치 중',
    cancelling: '멈추는 중',
    returning: '되돌리는 중',
    success: '업데이트됨',
    failed: '실패',
    timeout: '시간 초과',
    cancelled: '취소됨',
    rolled_back: '롤백됨',
    returned: '되돌아감',
  },
  shares: { done: '업데이트됨', failed: '실패', underWay: '진행 중', waiting: '대기', out: '제외됨' },
  reason: {
    unknown_device: '서버가 모르는 기기',
    retired: '배포에서 제외됨',
    other_image: '다른 이미지를 따름',
    architecture: '프로세서 아키텍처가 다름',
    device_class: '하드웨어가 다름',
    already_runs: '이미 실행 중',
    went_back: '이 릴리스에서 되돌아간 적 있음',
  },
  gateCause:
    '{{counted}}대 중 {{failures}}대가 실패했을 때 {{wave}}단계 기준에 걸려 멈췄습니다. 실패는 {{most}}%까지, 성공은 {{least}}% 이상이어야 합니다.',
  tiles: {
    label: '배포 대상 기기',
    summary: '기기 {{total}}대: {{parts}}',
    helpOpen: '화살표 키로 기기 사이를 이동하고 Enter로 엽니다.',
    help: '화살표 키로 기기 사이를 이동하고 Enter로 엽니다. 끌어서 여러 대를 선택합니다.',
    wave: '{{wave}}단계',
  },
};

export const { useTexts: useRolloutTexts, translate: rolloutText } = defineTexts('rollout', en, ko);
