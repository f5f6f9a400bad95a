import { Button, Code, Container, Stack, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import { useRouteError } from 'react-router';
import { isLoadFailure, reloadOnce, Replaced } from '@/shared/lib/loadPart';
import { useAppTexts } from '../i18n';

/** A page that threw, or whose parts cannot be had. */
export function CrashedPage() {
  const t = useAppTexts();
  const error = useRouteError();
  const replaced = error instanceof Replaced;
  // The address is that of the wanted page by now, which it is not yet while the part is being loaded.
  useEffect(() => {
    if (replaced) reloadOnce();
  }, [replaced]);
  const away = isLoadFailure(error);
  const text = error instanceof Error ? error.message : String(error);
  return (
    <Container py="xl" size="sm">
      <Stack align="flex-start">
        <Title order={1} size="h3">
          {replaced ? t('newVersion') : away ? t('notLoaded') : t('crashed')}
        </Title>
        {away && <Text>{t('notLoadedText')}</Text>}
        {!replaced && !away && <Code block>{text}</Code>}
        <Button onClick={() => location.reload()}>{t('reload')}</Button>
      </Stack>
    </Container>
  );
}
