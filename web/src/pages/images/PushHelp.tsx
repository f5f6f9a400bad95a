import { Code, Group, Stack, Text } from '@mantine/core';
import { CopyButton } from '@/shared/ui/CopyButton';
import { useTexts } from './i18n';

/** The lines that bring an image here, with the name of this very host. */
export function PushHelp() {
  const t = useTexts();
  const { host, origin } = location;
  const lines: [string, string][] = [
    [t('how.login'), `podman login -u token ${host}`],
    [t('how.push'), `podman push localhost/site/app:1.0 ${host}/site/app:1.0`],
    [t('how.register'), 'stratus deploy site/app:1.0'],
    [t('how.publish'), `stratus --server ${origin} publish site/app:1.0 ./app --no-deploy`],
  ];
  return (
    <Stack gap="sm">
      {lines.map(([what, line]) => (
        <div key={line}>
          <Text size="sm">{what}</Text>
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <Code block style={{ flex: 1, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {line}
            </Code>
            <CopyButton value={line} />
          </Group>
        </div>
      ))}
    </Stack>
  );
}
