import { Center, Group, Paper, Stack, Title } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { Icon } from '@/shared/ui/icons';
import { PreferenceButtons } from './PreferenceButtons';

/** The frame of pages before somebody is signed in, with the choice of language and theme. */
export function EntranceCard({ title, width = 420, children }: { title: string; width?: number; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Stratus`;
  }, [title]);
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={width} maw="100%">
        <Stack>
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <Title order={1} size="h3" style={{ display: 'flex', alignItems: 'center', gap: 10 }}>
              <Icon name="images" size={26} style={{ color: 'var(--mantine-primary-color-filled)' }} />
              {title}
            </Title>
            <PreferenceButtons />
          </Group>
          {children}
        </Stack>
      </Paper>
    </Center>
  );
}
