import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'First run',
  soon: 'This page is being built',
};

export const ko: Shape<typeof en> = {
  title: '처음 설정',
  soon: '이 페이지는 만드는 중입니다',
};

export const { useTexts, translate } = defineTexts('setup', en, ko);
