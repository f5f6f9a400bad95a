import { currentLanguage } from '../i18n';

/** `user:ann` is ann; what else acts says what it is: `token:ci` is the token ci. */
export function whoIs(principal: string): string {
  return principal.replace(/^user:/, '').replace(/^token:/, currentLanguage() === 'ko' ? '토큰 ' : 'token ');
}
