import { Button, Card, Group, List, Text, Title } from '@mantine/core';
import type { ImageDetail } from '@/entities/image/api/listImages';
import { useRegisterVersion } from '@/entities/image/api/registerVersion';
import { Permitted } from '@/entities/session/Permitted';
import { toastDone, toastProblem } from '@/shared/ui/toast';
import { Digest } from '@/shared/ui/values';
import { useTexts } from './i18n';

const SIGNATURE = /^sha256-[0-9a-f]{64}(?:\.\w+)?$/; // tags that signing tools make

/** What was pushed under which tag; a tag that is no version yet can become one. */
export function TagsCard({ image }: { image: ImageDetail }) {
  const t = useTexts();
  const register = useRegisterVersion(image.name);
  const versions = new Set(image.versions.map(({ version }) => version));
  const tags = image.tags.filter(({ tag }) => !SIGNATURE.test(tag));
  return (
    <Card withBorder>
      <Title order={2} size="h4" mb="xs">
        {t('tags')}
      </Title>
      {tags.length === 0 && <Text c="dimmed">{t('noTags')}</Text>}
      <List listStyleType="none" spacing="xs">
        {tags.map(({ tag, digest }) => (
          <List.Item key={tag}>
            <Group gap="sm">
              <Text span fw={600}>
                {tag}
              </Text>
              <Digest value={digest} />
              {!versions.has(tag) && (
                <Permitted scope="releases:write">
                  {(disabled) => (
                    <Button
                      size="compact-sm"
                      variant="default"
                      disabled={disabled}
                      loading={register.isPending && register.variables.version === tag}
                      aria-label={t('registerOf', { tag })}
                      onClick={() =>
                        register.mutate(
                          { version: tag, digest },
                          {
                            onSuccess: () => toastDone(t('registered', { name: image.name, version: tag })),
                            onError: toastProblem,
                          },
                        )
                      }
                    >
                      {t('register')}
                    </Button>
                  )}
                </Permitted>
              )}
            </Group>
          </List.Item>
        ))}
      </List>
    </Card>
  );
}
