import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  state: {
    none: 'Never reported',
    idle: 'Up to date',
    checking: 'Asking',
    planned: 'Planning',
    fetching: 'Downloading',
    verifying: 'Checking',
    installed: 'Installed',
    swapping: 'Switching',
    probation: 'On probation',
    committed: 'Updated',
    failed: 'Failed',
    rolled_back: 'Rolled back',
    cancelled: 'Cancelled',
  },
  health: { online: 'Online', degraded: 'Online, last update failed', offline: 'Offline', never: 'Never seen' },
  kind: { linux: 'Linux', mcu: 'Microcontroller' },
};

export const ko: Shape<typeof en> = {
  state: {
    none: '보고 없음',
    idle: '최신',
    checking: '확인 요청 중',
    planned: '계획 중',
    fetching: '내려받는 중',
    verifying: '검증 중',
    installed: '설치됨',
    swapping: '전환 중',
    probation: '시험 운전 중',
    committed: '업데이트됨',
    failed: '실패',
    rolled_back: '롤백됨',
    cancelled: '취소됨',
  },
  health: { online: '온라인', degraded: '온라인, 마지막 업데이트 실패', offline: '오프라인', never: '접속 이력 없음' },
  kind: { linux: 'Linux', mcu: '마이크로컨트롤러' },
};

export const { useTexts: useDeviceTexts, translate: deviceText } = defineTexts('device-entity', en, ko);
