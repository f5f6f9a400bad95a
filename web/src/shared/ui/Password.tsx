import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { useUiTexts } from './i18n';

/** A password with a button to look at it that has a name in the language of the page. */
export function Password(props: PasswordInputProps) {
  const t = useUiTexts();
  return <PasswordInput visibilityToggleButtonProps={{ 'aria-label': t('showPassword') }} {...props} />;
}
