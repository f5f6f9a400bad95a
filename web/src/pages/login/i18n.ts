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
  old: 'Present password',
  new: 'New password',
  newHint: 'At least 10 characters',
  repeat: 'New password again',
  different: 'The two are different',
  choose: 'Set the password',
  chosen: 'Your password is set; other sessions have ended',
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
  old: '지금 비밀번호',
  new: '새 비밀번호',
  newHint: '10자 이상',
  repeat: '새 비밀번호 다시',
  different: '두 비밀번호가 다릅니다',
  choose: '비밀번호 저장',
  chosen: '비밀번호를 바꿨습니다. 다른 세션은 끝났습니다',
};

export const { useTexts, translate } = defineTexts('login', en, ko);
