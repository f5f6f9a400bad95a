import { Code, Group, Stack, Text } from '@mantine/core';
import { CopyButton } from './CopyButton';
import { useUiTexts } from './i18n';

/** A word of a POSIX shell, quoted when it has to be. Texts of devices end up here: nothing may leave the quotes. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `['stratus', 'rollout', 'pause', id]` as one line. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** The curl line for a change of the interface; the token comes from the environment, never from the page. */
export function curlLine(method: string, path: string, body?: unknown): string {
  const words = ['curl', '-X', method, `${location.origin}${path}`];
  if (body !== undefined) words.push('-H', 'Content-Type: application/json', '-d', JSON.stringify(body));
  return `${shellLine(words)} -H "Authorization: Bearer $STRATUS_TOKEN"`;
}

/** Shown in every dialog that does something: the same as a command. `curl` where the command line has no word for it. */
export function CopyAsCli({ command, curl }: { command?: string; curl?: string }) {
  const t = useUiTexts();
  const line = command ?? curl ?? '';
  return (
    <Stack gap={4}>
      <Text size="xs" c="dimmed">
        {t('asCommand')}
      </Text>
      <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {line}
      </Code>
      <Group gap="xs">
        {command && <CopyButton value={command} label={t('copyAsCli')} icon="command" />}
        {curl && <CopyButton value={curl} label={t('copyAsCurl')} />}
      </Group>
    </Stack>
  );
}
