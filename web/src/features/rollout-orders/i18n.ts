import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  action: {
    submit: 'Start',
    approve: 'Approve',
    reject: 'Reject',
    pause: 'Pause',
    resume: 'Resume',
    advance: 'Open the next wave now',
    retry: 'Retry failed devices',
    abort: 'Abort',
    rollback: 'Roll back',
    cancel: 'Take devices out',
  },
  text: {
    submit: 'The draft starts, or waits for an approval where it asks for one.',
    approve: 'The rollout starts at its time. You answer for it together with {{author}}.',
    reject: 'The rollout ends without a start.',
    pause: 'No further device starts. The {{underWay}} that are under way go on to their end.',
    resume: 'Failures so far are accepted and count no more. A second failure of the gate halts it again.',
    advance: 'The next wave opens before its soak time is over. Two different people have to ask for it.',
    retry: '{{failed}} failed devices wait for another try.',
    retrySome: 'Those of the {{count, number}} chosen devices that failed wait for another try.',
    abort:
      'Waiting devices are cancelled; the {{underWay}} under way are told to stop. Updated devices keep what they run.',
    rollback:
      'The rollout ends, and the {{done}} updated devices go back to what they ran before. What something newer has reached since stays.',
    cancel: '{{count, number}} devices are taken out. Those under way are told to stop.',
  },
  refusing_one:
    '{{count, number}} device is left out: it went back from this version and will not take it again. It needs a new version.',
  refusing_other:
    '{{count, number}} devices are left out: they went back from this version and will not take it again. They need a new version.',
  refusingSome:
    'Those that went back from this version for good are asked to take it again, too; they may refuse it and need a new version.',
  resting_one:
    '{{count, number}} device went back although the version may not be to blame, after too many power cuts for example: it is called once it takes the version again, within a day.',
  resting_other:
    '{{count, number}} devices went back although the version may not be to blame, after too many power cuts for example: they are called once they take the version again, within a day.',
  restingSome:
    'Those that went back although the version may not be to blame, after too many power cuts for example, are called once they take the version again, within a day.',
  retried_one: '{{title}}: {{count, number}} device waits for another try.',
  retried_other: '{{title}}: {{count, number}} devices wait for another try.',
  leftOut_one: '{{count, number}} is left out: it went back from this version.',
  leftOut_other: '{{count, number}} are left out: they went back from this version.',
  reason: 'Reason',
  reasonHint: 'in the log of the rollout and in the audit log',
  result: '{{title}}: {{state}}',
  asked: '{{title}}: a second person has to ask for the next wave',
};

export const ko: Shape<typeof en> = {
  action: {
    submit: '시작',
    approve: '승인',
    reject: '거부',
    pause: '일시 중지',
    resume: '다시 진행',
    advance: '다음 단계 바로 열기',
    retry: '실패한 기기 다시 시도',
    abort: '중단',
    rollback: '되돌리기',
    cancel: '기기 제외',
  },
  text: {
    submit: '초안이 시작됩니다. 승인이 필요하면 승인을 기다립니다.',
    approve: '정해진 시각에 시작됩니다. {{author}} 님과 함께 책임을 집니다.',
    reject: '시작하지 않고 끝납니다.',
    pause: '새로 시작하는 기기가 없습니다. 진행 중인 {{underWay}}대는 끝까지 진행합니다.',
    resume: '지금까지의 실패를 받아들이고 더 세지 않습니다. 기준을 다시 넘으면 또 멈춥니다.',
    advance: '안정화 시간이 끝나기 전에 다음 단계를 엽니다. 서로 다른 두 사람이 요청해야 합니다.',
    retry: '실패한 기기 {{failed}}대가 다시 시도합니다.',
    retrySome: '선택한 기기 {{count, number}}대 중 실패한 기기가 다시 시도합니다.',
    abort: '대기 중인 기기는 취소되고, 진행 중인 {{underWay}}대에는 중지를 알립니다. 업데이트된 기기는 그대로 둡니다.',
    rollback:
      '배포가 끝나고, 업데이트된 {{done}}대가 이전 버전으로 돌아갑니다. 그 뒤에 더 새로운 것을 받은 기기는 그대로 둡니다.',
    cancel: '기기 {{count, number}}대를 제외합니다. 진행 중인 기기에는 중지를 알립니다.',
  },
  refusing_one: '기기 {{count, number}}대는 제외합니다. 이 버전에서 되돌아가 다시 받지 않으므로 새 버전이 필요합니다.',
  refusing_other:
    '기기 {{count, number}}대는 제외합니다. 이 버전에서 되돌아가 다시 받지 않으므로 새 버전이 필요합니다.',
  refusingSome: '이 버전에서 되돌아가 다시 받지 않는 기기도 다시 시도합니다. 거부하면 새 버전이 필요합니다.',
  resting_one:
    '기기 {{count, number}}대는 잦은 전원 차단처럼 버전 탓이 아닐 수 있는 이유로 되돌아갔습니다. 다시 받을 수 있을 때(하루 안에) 시도합니다.',
  resting_other:
    '기기 {{count, number}}대는 잦은 전원 차단처럼 버전 탓이 아닐 수 있는 이유로 되돌아갔습니다. 다시 받을 수 있을 때(하루 안에) 시도합니다.',
  restingSome:
    '잦은 전원 차단처럼 버전 탓이 아닐 수 있는 이유로 되돌아간 기기는 다시 받을 수 있을 때(하루 안에) 시도합니다.',
  retried_one: '{{title}}: 기기 {{count, number}}대가 다시 시도합니다.',
  retried_other: '{{title}}: 기기 {{count, number}}대가 다시 시도합니다.',
  leftOut_one: '이 버전에서 되돌아간 {{count, number}}대는 제외했습니다.',
  leftOut_other: '이 버전에서 되돌아간 {{count, number}}대는 제외했습니다.',
  reason: '사유',
  reasonHint: '배포 기록과 감사 기록에 남습니다',
  result: '{{title}}: {{state}}',
  asked: '{{title}}: 다른 사람도 다음 단계를 요청해야 합니다',
};

export const { useTexts, translate } = defineTexts('rollout-orders', en, ko);
