import { Button, Code, Container, Stack, Title } from '@mantine/core';
import { useRouteError } from 'react-router';
import { useAppTexts } from '../i18n';

/** A page that threw. After an update of the server, old parts of the console are gone: reloading gets the new ones. */
export function CrashedPage() {
  const t = useAppTexts();
  const error = useRouteError();
  const text = error instanceof Error ? error.message : String(error);
  const isOld = /dynamically imported module|Failed to fetch|Importing a module/.test(text);
  return (
    <Container py="xl" size="sm">
      <Stack align="flex-start">
        <Title order={1} size="h3">
          {isOld ? t('newVersion') : t('crashed')}
        </Title>
        {!isOld && <Code block>{text}</Code>}
        <Button onClick={() => location.reload()}>{t('reload')}</Button>
      </Stack>
    </Container>
  );
}
