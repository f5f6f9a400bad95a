import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  title: 'Sign in to Stratus',
  name: 'Name',
  password: 'Password',
  signIn: 'Sign in',
  wait_one: 'Wait {{count}} s',
  wait_other: 'Wait {{count}} s',
  chooseTitle: 'Choose your password',
  chooseText: 'Somebody else set the present password of {{name}}. Choose one that only you know.',
};

export const ko: Shape<typeof en> = {
  title: 'Stratus 로그인',
  name: '이름',
  password: '비밀번호',
  signIn: '로그인',
  wait_one: '{{count}}초 기다리세요',
  wait_other: '{{count}}초 기다리세요',
  chooseTitle: '비밀번호 정하기',
  chooseText: '{{name}}의 지금 비밀번호는 다른 사람이 정한 것입니다. 자신만 아는 비밀번호를 정하세요.',
};

export const { useTexts } = defineTexts('login', en, ko);
