import { defineTexts, type Shape } from '../../i18n';

export const en = {
  sending: 'Sending: {{sent}} of {{total}}',
  hashing: 'Checksum: {{percent}}',
  hashed: 'Checksum known',
  cancel: 'Cancel the upload',
  blocked: 'This file cannot be registered',
  warned: 'Look at this first',
  finding: {
    extension: '“{{name}}” has none of the endings {{allowed}}.',
    empty: 'The file is empty.',
    slot: 'The file has {{size}}, the slot only {{slot}}: devices could not install it.',
    chip: 'The file is built for {{chip}}, the device classes say {{classes}}.',
    merged: 'The file holds a whole flash with its boot loader. Devices take only the application part.',
    cut_short: 'The file has {{size}}, its header promises at least {{expected}}: it was cut off.',
    version_taken: '{{name}} {{version}} exists already. A version is never replaced: choose another.',
    same_bytes: 'The same bytes are registered already as {{name}} {{version}}.',
    version_differs: 'The file calls itself {{file}}, you register it as {{version}}.',
  },
};

export const ko: Shape<typeof en> = {
  sending: '보내는 중: {{total}} 중 {{sent}}',
  hashing: '체크섬 계산: {{percent}}',
  hashed: '체크섬 계산 완료',
  cancel: '업로드 취소',
  blocked: '등록할 수 없는 파일입니다',
  warned: '먼저 확인하세요',
  finding: {
    extension: '“{{name}}”의 확장자가 {{allowed}} 중 하나가 아닙니다.',
    empty: '파일이 비어 있습니다.',
    slot: '파일은 {{size}}인데 슬롯은 {{slot}}뿐이라 기기에 설치할 수 없습니다.',
    chip: '파일은 {{chip}}용으로 만들어졌는데 기기 종류는 {{classes}}입니다.',
    merged: '부트로더를 포함한 플래시 전체 파일입니다. 기기에는 애플리케이션 부분만 설치됩니다.',
    cut_short: '파일은 {{size}}인데 헤더에는 최소 {{expected}}라고 되어 있습니다. 파일이 잘렸습니다.',
    version_taken: '{{name}} {{version}} 버전이 이미 있습니다. 등록된 버전은 바꿀 수 없으니 다른 버전을 쓰세요.',
    same_bytes: '같은 내용이 {{name}} {{version}}(으)로 이미 등록되어 있습니다.',
    version_differs: '파일에는 {{file}} 버전이라고 되어 있는데 {{version}} 버전으로 등록하려 합니다.',
  },
};

export const { useTexts: useUploadTexts } = defineTexts('upload', en, ko);
