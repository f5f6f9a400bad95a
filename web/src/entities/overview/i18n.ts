import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  alert: {
    certificates_expired: 'Certificates have expired',
    certificates_expiring: 'Certificates end soon',
    revocation_list_overdue: 'The revocation list is overdue',
    target_failing: 'Devices fail on the target',
    updates_failed: 'Updates failed',
    device_errors: 'Devices report errors',
    gateways_away: 'Gateways are away',
    rollout_halted: 'A rollout was halted by its gate',
    rollout_failing: 'A rollout has failures',
    database_down: 'The database takes no writes',
    broker_away: 'The MQTT broker is away',
    other: 'Something needs attention',
  },
  alertDetail: {
    certificates_expired: 'The only certificates of these devices are over.',
    certificates_expiring: 'These devices have not renewed their certificates in time.',
    target_failing: 'Devices tried what is wanted and went back or failed.',
    updates_failed: 'Updates that failed or were rolled back within 24 hours.',
    device_errors: 'Error messages of devices within 24 hours, counted up to 10,000.',
    gateways_away: 'Gateways that were not heard of for three of their intervals.',
  },
  rule: {
    certificates_expired: 'A device has no certificate that is still good.',
    certificates_expiring: 'A device should have renewed its certificate by now, and has not.',
    revocation_list_overdue: 'The list of revoked certificates is older than it may be.',
    target_failing: 'A device tried what is wanted, and went back or failed.',
    updates_failed: 'An update failed or was rolled back within 24 hours.',
    device_errors: 'A device reported an error within 24 hours.',
    gateways_away: 'A gateway was silent for three of its intervals.',
    rollout_halted: 'The gate of a wave stopped a rollout, which waits for a decision.',
    rollout_failing: 'Devices of a rollout under way have failed.',
    database_down: 'The server cannot write: nothing is acknowledged to devices.',
    broker_away: 'The server has no session with its MQTT broker; devices ask over HTTPS meanwhile.',
  },
};

export const ko: Shape<typeof en> = {
  alert: {
    certificates_expired: '만료된 인증서가 있습니다',
    certificates_expiring: '곧 만료되는 인증서가 있습니다',
    revocation_list_overdue: '폐기 목록 갱신이 늦었습니다',
    target_failing: '목표 버전에서 실패하는 기기가 있습니다',
    updates_failed: '실패한 업데이트가 있습니다',
    device_errors: '기기가 오류를 보고했습니다',
    gateways_away: '연결되지 않은 게이트웨이가 있습니다',
    rollout_halted: '배포가 단계 기준에 걸려 멈췄습니다',
    rollout_failing: '배포에 실패가 있습니다',
    database_down: '데이터베이스에 쓸 수 없습니다',
    broker_away: 'MQTT 브로커에 연결할 수 없습니다',
    other: '확인이 필요합니다',
  },
  alertDetail: {
    certificates_expired: '이 기기들의 유일한 인증서가 만료되었습니다.',
    certificates_expiring: '제때 인증서를 갱신하지 않은 기기들입니다.',
    target_failing: '목표 버전을 시도했지만 되돌아갔거나 실패한 기기들입니다.',
    updates_failed: '최근 24시간 동안 실패했거나 롤백된 업데이트입니다.',
    device_errors: '최근 24시간 동안 기기가 보낸 오류 메시지입니다(10,000건까지 집계).',
    gateways_away: '보고 주기가 세 번 지나도록 연락이 없는 게이트웨이입니다.',
  },
  rule: {
    certificates_expired: '유효한 인증서가 없는 기기가 있을 때',
    certificates_expiring: '인증서를 갱신할 때가 지났는데 갱신하지 않은 기기가 있을 때',
    revocation_list_overdue: '인증서 폐기 목록이 허용된 기간보다 오래되었을 때',
    target_failing: '목표 버전을 시도했지만 되돌아갔거나 실패한 기기가 있을 때',
    updates_failed: '24시간 안에 실패했거나 롤백된 업데이트가 있을 때',
    device_errors: '24시간 안에 기기가 오류를 보고했을 때',
    gateways_away: '보고 주기가 세 번 지나도록 게이트웨이가 연락하지 않을 때',
    rollout_halted: '배포가 단계 기준에 걸려 멈추고 결정을 기다릴 때',
    rollout_failing: '진행 중인 배포에서 실패한 기기가 있을 때',
    database_down: '서버가 기록하지 못할 때. 기기에 아무것도 확인해 주지 않습니다',
    broker_away: '서버가 MQTT 브로커에 연결되지 않을 때. 그동안 기기는 HTTPS로 묻습니다',
  },
};

export const { useTexts: useAlertTexts } = defineTexts('alert', en, ko);
