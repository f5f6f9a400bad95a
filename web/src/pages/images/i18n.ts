import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'Images',
  push: 'How to push',
  empty: 'No images yet',
  emptyText: 'Push the first one from a machine with podman, skopeo or docker, or publish a directory:',
  table: 'Images',
  onlyPushed: 'pushed, not registered',
  column: {
    name: 'Name',
    newest: 'Newest',
    target: 'Target',
    versions: 'Versions',
    devices: 'Devices',
    stored: 'Stored',
    shared: 'Saved by shared layers',
  },
  how: {
    title: 'Push an image to this server',
    login: 'Sign in once; the password is an API token (Settings → Tokens)',
    push: 'Push an image that podman built',
    register: 'Open its page here to make the tag a version that can be rolled out; or deploy it to everybody at once',
    publish: 'Or all in one, from a directory: only what changed becomes a layer',
  },
};

export const ko: Shape<typeof en> = {
  title: '이미지',
  push: '푸시 방법',
  empty: '이미지가 없습니다',
  emptyText: 'podman, skopeo, docker가 있는 곳에서 첫 이미지를 푸시하거나 디렉터리를 게시하세요:',
  table: '이미지',
  onlyPushed: '푸시만 됨 (미등록)',
  column: {
    name: '이름',
    newest: '최신',
    target: '목표',
    versions: '버전',
    devices: '기기',
    stored: '저장 크기',
    shared: '레이어 공유로 절약',
  },
  how: {
    title: '이 서버에 이미지 푸시',
    login: '한 번 로그인합니다. 비밀번호는 API 토큰입니다 (설정 → 토큰)',
    push: 'podman으로 만든 이미지 푸시',
    register: '이 콘솔의 이미지 페이지에서 태그를 버전으로 등록하면 배포할 수 있습니다. 한 번에 모두 배포하려면',
    publish: '또는 디렉터리에서 한 번에: 바뀐 것만 레이어가 됩니다',
  },
};

export const { useTexts, translate } = defineTexts('images', en, ko);
