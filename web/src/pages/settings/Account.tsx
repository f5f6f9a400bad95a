import { Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useMe } from '@/entities/session';
import { PasswordForm } from '@/features/change-password/PasswordForm';
import { PreferenceButtons } from '@/features/preferences/PreferenceButtons';
import { useTexts } from './i18n';
import { Scopes } from './Tokens';

export function Account() {
  const t = useTexts();
  const me = useMe().data;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Paper withBorder p="md">
        <Stack gap="xs">
          <Title order={2} size="h4">
            {me?.name}
          </Title>
          <Text size="sm">
            {t('roles')}: {me?.roles.map((role) => t(`roleName.${role}`)).join(', ') || '–'}
          </Text>
          <Text size="sm">{t('permissions')}:</Text>
          <Scopes scopes={me?.scopes ?? []} />
          <Title order={3} size="h5" mt="md">
            {t('language')}
          </Title>
          <Text size="sm" c="dimmed">
            {t('languageText')}
          </Text>
          <PreferenceButtons />
        </Stack>
      </Paper>
      <Paper withBorder p="md">
        <Stack>
          <Title order={2} size="h4">
            {t('changePassword')}
          </Title>
          <PasswordForm />
        </Stack>
      </Paper>
    </SimpleGrid>
  );
}
