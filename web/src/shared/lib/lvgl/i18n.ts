import { defineTexts, type Shape } from '../../i18n';
import { LvglError } from './formats';

export const en = {
  format_unsupported: 'LVGL {{version}} has no format {{format}} that this console knows.',
  size_unsupported:
    '{{width}} × {{height}} does not go into a {{format}} file of LVGL {{version}}: at most {{most}} pixels a side.',
  not_lvgl: 'This is no LVGL image: its {{bytes}} bytes begin with no header of LVGL 8 or 9.',
  compressed:
    'The {{format}} file is compressed. Only files without compression can be shown here and on every device.',
  length_mismatch:
    'The file says {{format}}, {{width}} × {{height}}, but its length of {{bytes}} bytes does not fit that.',
};

export const ko: Shape<typeof en> = {
  format_unsupported: 'LVGL {{version}}에는 이 콘솔이 아는 {{format}} 형식이 없습니다.',
  size_unsupported:
    '{{width}} × {{height}}은(는) LVGL {{version}}의 {{format}} 파일에 담을 수 없습니다. 한 변은 최대 {{most}}픽셀입니다.',
  not_lvgl: 'LVGL 그림이 아닙니다. {{bytes}}바이트 파일이 LVGL 8이나 9의 헤더로 시작하지 않습니다.',
  compressed: '압축된 {{format}} 파일입니다. 압축하지 않은 파일만 여기와 모든 기기에서 표시할 수 있습니다.',
  length_mismatch: '파일에는 {{format}}, {{width}} × {{height}}라고 되어 있지만 길이 {{bytes}}바이트가 맞지 않습니다.',
};

const { useTexts, translate } = defineTexts('lvgl', en, ko);

/** Why it could not be converted or shown, in the language of the interface. Use below `useLvglTexts()`. */
export function lvglErrorText(error: unknown): string {
  return error instanceof LvglError ? translate(error.code, error.values) : String(error);
}
export const useLvglTexts = useTexts;
