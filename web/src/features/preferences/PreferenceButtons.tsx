import { ActionIcon, Group, Menu, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { changeLanguage, defineTexts, LANGUAGES, useLanguage, type Shape } from '@/shared/i18n';
import { Icon, type IconName } from '@/shared/ui/icons';

export const en = { language: 'Language', theme: 'Theme', light: 'Light', dark: 'Dark', auto: 'As the system' };
export const ko: Shape<typeof en> = {
  language: '언어',
  theme: '테마',
  light: '밝게',
  dark: '어둡게',
  auto: '시스템 설정',
};
const { useTexts } = defineTexts('preferences', en, ko);

const SCHEMES: { value: MantineColorScheme; icon: IconName }[] = [
  { value: 'light', icon: 'sun' },
  { value: 'dark', icon: 'moon' },
  { value: 'auto', icon: 'screen' },
];

/** Language and theme; also before anybody is signed in. */
export function PreferenceButtons() {
  const t = useTexts();
  const language = useLanguage();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group gap={4} wrap="nowrap">
      <Menu>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('language')} title={t('language')}>
            <Icon name="language" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {LANGUAGES.map(({ value, label }) => (
            <Menu.Item
              key={value}
              lang={value}
              leftSection={
                <Icon name="check" size={14} style={{ visibility: value === language ? 'visible' : 'hidden' }} />
              }
              aria-current={value === language}
              onClick={() => changeLanguage(value)}
            >
              {label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Menu>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('theme')} title={t('theme')}>
            <Icon name={SCHEMES.find(({ value }) => value === colorScheme)?.icon ?? 'sun'} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {SCHEMES.map(({ value, icon }) => (
            <Menu.Item
              key={value}
              leftSection={<Icon name={icon} size={14} />}
              aria-current={value === colorScheme}
              onClick={() => setColorScheme(value)}
            >
              {t(value)}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
