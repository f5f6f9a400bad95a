import { Button, Card, Checkbox, Group, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { linkContent, type WhichFile } from '@/entities/content/api/linkContent';
import type { Content } from '@/entities/content/api/listContent';
import { Thumbnail } from '@/entities/content/ui/Thumbnail';
import { Problem } from '@/shared/api/problem';
import { saveFrom } from '@/shared/lib/download';
import { formatBytes } from '@/shared/lib/format';
import { decodeLvgl } from '@/shared/lib/lvgl/decode';
import { LvglError } from '@/shared/lib/lvgl/formats';
import { Icon } from '@/shared/ui/icons';
import { LvglPreview } from '@/shared/ui/LvglPreview';
import { ProblemAlert } from '@/shared/ui/PageState';
import { toastProblem } from '@/shared/ui/toast';
import { useTexts } from './i18n';

function FileCard({
  content,
  which,
  title,
  children,
}: {
  content: Content;
  which: WhichFile;
  title: string;
  children: ReactNode;
}) {
  const t = useTexts();
  const file = content[which];
  return (
    <Card withBorder>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h4">
          {title}
        </Title>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<Icon name="download" size={14} />}
          onClick={() => linkContent(content.id, which).then(({ path }) => saveFrom(path), toastProblem)}
        >
          {t('downloadOf', { name: file.file_name })} · {formatBytes(file.size)}
        </Button>
      </Group>
      {children}
    </Card>
  );
}

export function OriginalCard({ content }: { content: Content }) {
  const t = useTexts();
  return (
    <FileCard content={content} which="original" title={t('original')}>
      <Thumbnail id={content.id} title={content.title} />
    </FileCard>
  );
}

/** The bytes of the display binary; they never change. */
function useBinary(id: string, digest: string) {
  return useQuery({
    queryKey: ['content-binary', id, digest],
    staleTime: Infinity,
    queryFn: async ({ signal }) => {
      const { path } = await linkContent(id, 'display');
      const response = await fetch(path, { signal });
      if (!response.ok) throw await Problem.of(response);
      return new Uint8Array(await response.arrayBuffer());
    },
  });
}

function decoded(bytes: Uint8Array, swapped: boolean) {
  try {
    return { image: decodeLvgl(bytes, swapped), error: null };
  } catch (error) {
    return { image: null, error };
  }
}

/** What screens show: the binary itself, decoded, not the picture that it was made of. */
export function ScreenCard({ content }: { content: Content }) {
  const t = useTexts();
  const [swapped, setSwapped] = useState(false);
  const { data, error } = useBinary(content.id, content.display.digest);
  const shown = data ? decoded(data, swapped) : { image: null, error: null };
  const { image } = shown;
  // LVGL 8 does not say in which order its 16 bits are.
  const mayBeSwapped = image?.version === 8 && image.format.startsWith('RGB565') && image.format !== 'RGB565A8';
  return (
    <FileCard content={content} which="display" title={t('onScreen')}>
      {error ? (
        <ProblemAlert error={error} />
      ) : (
        <LvglPreview
          image={image}
          error={shown.error instanceof LvglError ? shown.error : undefined}
          label={`${t('onScreen')}: ${content.title}`}
          caption={
            image
              ? t('onScreenText', {
                  width: image.width,
                  height: image.height,
                  format: image.format,
                  version: image.version,
                  bytes: formatBytes(content.display.size),
                })
              : t('reading')
          }
        />
      )}
      {mayBeSwapped && (
        <Checkbox
          mt="xs"
          label={t('swapped')}
          checked={swapped}
          onChange={(event) => setSwapped(event.currentTarget.checked)}
        />
      )}
    </FileCard>
  );
}
