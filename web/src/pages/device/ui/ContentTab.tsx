import { Card, Group, Image, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useShownContents, type ShownContent } from '@/entities/device/api/deviceParts';
import { api, take } from '@/shared/api/client';
import { EmptyState, PageState } from '@/shared/ui/PageState';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from '../i18n';

/** What is on its screen, with the pictures for people (B38). */
export function ContentTab({ id }: { id: string }) {
  const t = useTexts();
  const query = useShownContents(id);
  return (
    <PageState
      query={query}
      scope="devices:read"
      isEmpty={(contents) => contents.length === 0}
      empty={<EmptyState icon="screen" title={t('content.empty')} text={t('content.emptyText')} />}
    >
      {(contents) => (
        <Stack>
          <Shelf title={t('content.shown')} contents={contents.filter((one) => one.ended === null)} large />
          <Shelf title={t('content.before')} contents={contents.filter((one) => one.ended !== null)} />
        </Stack>
      )}
    </PageState>
  );
}

function Shelf({ title, contents, large }: { title: string; contents: ShownContent[]; large?: boolean }) {
  if (contents.length === 0) return null;
  return (
    <section aria-label={title}>
      <Title order={2} size="h5" mb="xs">
        {title}
      </Title>
      <SimpleGrid cols={large ? { base: 1, sm: 2, lg: 3 } : { base: 2, sm: 3, lg: 6 }}>
        {contents.map((one, index) => (
          <Card key={`${one.content} ${one.started} ${index}`} withBorder padding="xs">
            <Preview content={one.content} height={large ? 180 : 90} />
            <Group justify="space-between" gap={4} mt={6}>
              <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                <Name content={one.content} />
              </Text>
              <Text size="xs" c="dimmed">
                {one.version}
              </Text>
            </Group>
            <Text size="xs" c="dimmed">
              <TimeText value={one.started} style="short" />
              {one.ended && (
                <>
                  {' – '}
                  <TimeText value={one.ended} style="short" />
                </>
              )}
            </Text>
            {!one.ended && (
              <Text size="xs" c="dimmed">
                <TimeText value={one.started} ago />
              </Text>
            )}
          </Card>
        ))}
      </SimpleGrid>
    </section>
  );
}

const LINK_FOR_MS = 4 * 60_000;

/** A signed address of the picture; content that the server does not have (any more) has none. */
function usePreview(content: string) {
  return useQuery({
    queryKey: ['content', 'preview', content],
    queryFn: async () => {
      const { items } = await take(api.GET('/api/v1/content', { params: { query: { limit: 1000 } } }));
      const found = items.find((item) => item.repository === content || item.title === content || item.id === content);
      if (!found) return null;
      const link = await take(api.POST('/api/v1/content/{id}/link', { params: { path: { id: found.id } } }));
      return { title: found.title, url: link.url };
    },
    staleTime: LINK_FOR_MS,
  });
}

/** Its title; the id of what the server does not have any more. */
function Name({ content }: { content: string }) {
  return <>{usePreview(content).data?.title ?? content}</>;
}

function Preview({ content, height }: { content: string; height: number }) {
  const t = useTexts();
  const preview = usePreview(content).data;
  if (preview)
    return <Image src={preview.url} alt={t('content.preview', { title: preview.title })} h={height} fit="contain" />;
  return (
    <Group h={height} justify="center" bg="var(--mantine-color-default-hover)">
      <Text size="xs" c="dimmed">
        {t('content.noPreview')}
      </Text>
    </Group>
  );
}
