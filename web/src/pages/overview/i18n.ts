import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'Overview',
  soon: 'This page is being built',
};

export const ko: Shape<typeof en> = {
  title: '개요',
  soon: '이 페이지는 만드는 중입니다',
};

export const { useTexts, translate } = defineTexts('overview', en, ko);
