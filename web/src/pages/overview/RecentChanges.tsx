import { Anchor, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { AUDIT_TOPICS, useAuditWords } from '@/entities/audit';
import { api, take } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';
import { PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { Card } from './Card';
import { useTexts } from './i18n';

const DAY_MS = 86_400_000;
const KEY = ['audit', 'recent'];

export function RecentChanges() {
  const t = useTexts();
  const words = useAuditWords();
  const recent = useQuery({
    queryKey: KEY,
    queryFn: () => take(api.GET('/api/v1/audit', { params: { query: { limit: 8, since_ms: Date.now() - DAY_MS } } })),
  });
  useLiveRefresh(AUDIT_TOPICS, KEY, 5000);
  return (
    <Card
      title={t('recent')}
      action={
        <Anchor component={Link} to="/audit?since=day" size="sm">
          {t('wholeLog')}
        </Anchor>
      }
    >
      <PageState
        query={recent}
        scope="audit:read"
        isEmpty={({ items }) => items.length === 0}
        empty={<Text c="dimmed">{t('noRecent')}</Text>}
      >
        {({ items }) => (
          <Stack gap={4}>
            {items.map(({ sequence, time, actor, action, object }) => (
              <Group key={sequence} gap="xs" wrap="nowrap">
                <Text size="sm" c="dimmed" style={{ flex: 'none' }}>
                  <TimeText value={time} ago />
                </Text>
                <Text size="sm" fw={600} style={{ flex: 'none' }} title={action}>
                  {words.action(action)}
                </Text>
                <Text size="sm" truncate title={object}>
                  {words.both(actor, object)}
                </Text>
              </Group>
            ))}
          </Stack>
        )}
      </PageState>
    </Card>
  );
}
