import { Anchor, Card, Checkbox, Group, Text } from '@mantine/core';
import { Link } from 'react-router';
import type { Content } from '@/entities/content/api/listContent';
import { useShowingDevices } from '@/entities/content/api/showingDevices';
import { Thumbnail } from '@/entities/content/ui/Thumbnail';
import { useCan } from '@/entities/session';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';
import type { Chosen } from './useChosen';

export function ContentCard({ item, chosen }: { item: Content; chosen: Chosen }) {
  const t = useTexts();
  const mayRead = useCan()('devices:read');
  const place = chosen.ids.indexOf(item.id);
  const path = `/content/${encodeURIComponent(item.id)}`;
  return (
    <Card withBorder padding="sm">
      <Card.Section>
        {chosen.active ? (
          <label style={{ cursor: 'pointer' }}>
            <Thumbnail id={item.id} title="" />
            <Group p="xs" gap="xs">
              <Checkbox
                aria-label={t('select', { title: item.title })}
                checked={place >= 0}
                disabled={place < 0 && chosen.full}
                onChange={() => chosen.toggle(item.id)}
              />
              {place >= 0 && <Text fw={700}>{place + 1}</Text>}
            </Group>
          </label>
        ) : (
          <Link to={path} tabIndex={-1} aria-hidden="true">
            <Thumbnail id={item.id} title="" />
          </Link>
        )}
      </Card.Section>
      <Anchor component={Link} to={path} fw={600} mt="xs" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
        {item.title}
      </Anchor>
      {item.description && (
        <Text size="sm" c="dimmed" lineClamp={2}>
          {item.description}
        </Text>
      )}
      <Group justify="space-between" mt="xs">
        {mayRead ? <ShowingCount id={item.id} /> : <span />}
        <Text size="xs" c="dimmed">
          <TimeText value={item.created_at} style="short" />
        </Text>
      </Group>
    </Card>
  );
}

function ShowingCount({ id }: { id: string }) {
  const t = useTexts();
  const { data } = useShowingDevices(id, 1);
  if (data?.total === undefined) return null;
  if (data.total === 0) return <StatusBadge tone="idle" icon="screen" label={t('shownNowhere')} />;
  return <StatusBadge tone="good" icon="screen" label={t('shownOn', { count: data.total })} />;
}
