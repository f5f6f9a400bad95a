import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'Sign in',
  soon: 'This page is being built',
};

export const ko: Shape<typeof en> = {
  title: '로그인',
  soon: '이 페이지는 만드는 중입니다',
};

export const { useTexts, translate } = defineTexts('login', en, ko);
