import { defineTexts, type Shape } from '@/shared/i18n';

export const en = {
  old: 'Present password',
  new: 'New password',
  newHint: 'At least 10 characters',
  repeat: 'New password again',
  different: 'The two are different',
  choose: 'Set the password',
  chosen: 'Your password is set; your other sessions have ended',
};

export const ko: Shape<typeof en> = {
  old: '지금 비밀번호',
  new: '새 비밀번호',
  newHint: '10자 이상',
  repeat: '새 비밀번호 다시',
  different: '두 비밀번호가 다릅니다',
  choose: '비밀번호 저장',
  chosen: '비밀번호를 바꿨습니다. 다른 세션은 끝났습니다',
};

export const { useTexts, translate } = defineTexts('change-password', en, ko);
