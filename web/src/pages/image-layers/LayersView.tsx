import { Card, SimpleGrid, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useLayerFiles, useLayers, type Layer } from '@/entities/image/api/exploreLayers';
import { endless } from '@/shared/lib/pages';
import { useUrlParam } from '@/shared/lib/urlState';
import { PageState } from '@/shared/ui/PageState';
import { Bytes, Digest } from '@/shared/ui/values';
import { FileFilters } from './FileFilters';
import { FileTable } from './FileTable';
import { useTexts } from './i18n';
import classes from './layers.module.css';

export function LayersView({ name, version }: { name: string; version: string }) {
  const t = useTexts();
  const query = useLayers(name, version);
  const [chosen, setChosen] = useUrlParam('layer');
  return (
    <PageState query={query} scope="releases:read">
      {({ items }) => {
        // The top one is what the version changed.
        const layer = items.find(({ digest }) => digest === chosen) ?? items.at(-1);
        return (
          <SimpleGrid cols={{ base: 1, md: 2 }} className={classes.columns}>
            <Card withBorder component="section">
              <Title order={2} size="h4" mb="xs">
                {t('layers')}
              </Title>
              <Stack component="ol" gap="xs" p={0} m={0} className={classes.list}>
                {items.map((one, index) => (
                  <li key={one.digest}>
                    <UnstyledButton
                      className={classes.layer}
                      aria-pressed={one === layer}
                      onClick={() => setChosen(one.digest)}
                    >
                      <LayerFacts layer={one} number={index + 1} />
                    </UnstyledButton>
                  </li>
                ))}
              </Stack>
            </Card>
            {layer ? (
              <Files key={layer.digest} name={name} version={version} layer={layer} number={items.indexOf(layer) + 1} />
            ) : (
              <Text c="dimmed">{t('choose')}</Text>
            )}
          </SimpleGrid>
        );
      }}
    </PageState>
  );
}

function LayerFacts({ layer, number }: { layer: Layer; number: number }) {
  const t = useTexts();
  return (
    <>
      <Text span fw={600}>
        {t('layer', { number })}
      </Text>{' '}
      · <Bytes value={layer.bytes} />
      <div>
        <Digest value={layer.digest} />
      </div>
      <Text size="sm" c="dimmed">
        {layer.shared_with.length > 0 ? t('sharedWith', { versions: layer.shared_with.join(', ') }) : t('ownLayer')} ·{' '}
        {t('devices', { count: layer.devices })}
      </Text>
    </>
  );
}

interface FilesProps {
  name: string;
  version: string;
  layer: Layer;
  number: number;
}

function Files({ name, version, layer, number }: FilesProps) {
  const t = useTexts();
  const [change] = useUrlParam('change');
  const [under] = useUrlParam('filter');
  const query = useLayerFiles(name, version, layer.digest, change, under);
  return (
    <Card withBorder component="section">
      <Title order={2} size="h4" mb="xs">
        {t('files', { number })}
      </Title>
      <FileFilters sums={query.data?.pages[0]?.sums} />
      <PageState query={query} scope="releases:read">
        {({ pages }) => <FileTable files={pages.flatMap(({ items }) => items)} {...endless(query)} />}
      </PageState>
    </Card>
  );
}
