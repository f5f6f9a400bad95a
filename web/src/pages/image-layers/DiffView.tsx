import { Card, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useImageDiff, type ComparedLayer } from '@/entities/image/api/exploreLayers';
import { useImage } from '@/entities/image/api/listImages';
import { formatBytes } from '@/shared/lib/format';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { PageState } from '@/shared/ui/PageState';
import { StatusBadge, type Tone } from '@/shared/ui/StatusBadge';
import { Bytes, Digest } from '@/shared/ui/values';
import { FileFilters } from './FileFilters';
import { FileTable } from './FileTable';
import { useTexts } from './i18n';

const TONES: Record<ComparedLayer['change'], Tone> = { shared: 'idle', added: 'good', removed: 'bad' };

/** What differs between this version and an older one, in layers and in files. */
export function DiffView({ name, version }: { name: string; version: string }) {
  const t = useTexts();
  const image = useImage(name);
  const [from, setFrom] = useUrlParam('from');
  const [change] = useUrlParam('change');
  const [under] = useUrlParam('filter');
  const query = useImageDiff(name, from, version, change, under);
  const others = image.data?.versions.map((one) => one.version).filter((one) => one !== version) ?? [];
  const answer = query.data?.pages[0];
  return (
    <Stack>
      <Select
        label={t('from')}
        maw={320}
        searchable
        allowDeselect={false}
        disabled={others.length === 0}
        placeholder={t(image.data && others.length === 0 ? 'noOther' : 'chooseFrom')}
        data={others}
        value={from || null}
        onChange={(value) => setFrom(value ?? '')}
      />
      {from !== '' && (
        <PageState query={query} scope="releases:read">
          {({ pages }) => (
            <>
              {answer && (
                <Card withBorder component="section">
                  <Title order={2} size="h4" mb="xs">
                    {t('views.layers')}
                  </Title>
                  <Text mb="xs">
                    {t('moved', {
                      from,
                      shared: formatBytes(answer.layer_bytes.shared),
                      added: formatBytes(answer.layer_bytes.added),
                      removed: formatBytes(answer.layer_bytes.removed),
                    })}
                  </Text>
                  <Group component="ul" gap="md" p={0} m={0} style={{ listStyle: 'none' }}>
                    {answer.layers.map((layer) => (
                      <Group component="li" gap={6} key={layer.change + layer.digest}>
                        <StatusBadge tone={TONES[layer.change]} label={t(`layerChange.${layer.change}`)} />
                        <Bytes value={layer.bytes} /> <Digest value={layer.digest} />
                      </Group>
                    ))}
                  </Group>
                </Card>
              )}
              <Card withBorder component="section">
                <Title order={2} size="h4" mb="xs">
                  {t('table')}
                </Title>
                <FileFilters sums={answer?.sums} changes={['added', 'changed', 'removed']} />
                <FileTable files={pages.flatMap(({ items }) => items)} {...endless(query)} />
              </Card>
            </>
          )}
        </PageState>
      )}
    </Stack>
  );
}
