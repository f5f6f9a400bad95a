import { Alert, Button, Code, Group, Paper, ScrollArea, Stack, Table, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useAuthority } from '@/entities/authority';
import { formatDuration } from '@/shared/lib/format';
import { useLiveRefresh } from '@/shared/live';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Icon } from '@/shared/ui/icons';
import { useUiTexts } from '@/shared/ui/i18n';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { toastDone, toastProblem } from '@/shared/ui/toast';
import {
  codeKeys,
  enrolAddress,
  enrolLine,
  spacedCode,
  useClaims,
  withdrawCode,
  type Kind,
  type NewCode,
} from './codes';
import { useTexts } from './i18n';
import { QrImage } from './QrImage';

const TOPICS = ['devices', 'certificates'] as const;
const USUAL_DIGITS = 6;

interface Props {
  kind: Kind;
  codes: NewCode[];
  onAnother: () => void;
  onClose: () => void;
}

export function MadeCodes({ kind, codes, onAnother, onClose }: Props) {
  const t = useTexts();
  const ui = useUiTexts();
  const claims = useClaims(codes.map((code) => code.id)).data;
  useLiveRefresh(TOPICS, codeKeys, 300);
  const now = useNow();
  const first = codes[0]!;
  const withdraw = async () => {
    try {
      await withdrawCode(first.id);
      toastDone(t('withdrawn'));
      onAnother();
    } catch (error) {
      toastProblem(error);
    }
  };
  const claimed = claims?.get(first.id);
  return (
    <Stack>
      {codes.length === 1 ? (
        <OneCode kind={kind} code={first} claimed={claimed} now={now} />
      ) : (
        <ManyCodes kind={kind} codes={codes} claims={claims} now={now} />
      )}
      {!claimed && first.code.length > USUAL_DIGITS && (
        <Text size="xs" c="dimmed">
          {t('longer')}
        </Text>
      )}
      {!claimed && (
        <Text size="xs" c="dimmed">
          {t('once')}
        </Text>
      )}
      <Group justify="flex-end">
        {codes.length === 1 && !claimed && new Date(first.expires_at).getTime() > now && (
          <Button variant="subtle" color="red" onClick={() => void withdraw()}>
            {t('withdraw')}
          </Button>
        )}
        {codes.length > 1 && (
          <>
            <CopyButton value={codes.map((code) => code.code).join('\n')} label={t('copyAll')} />
            <Button variant="default" onClick={() => window.print()}>
              {t('print')}
            </Button>
          </>
        )}
        <Button variant="default" onClick={onAnother}>
          {t('another')}
        </Button>
        {claimed && (
          <Button
            component={Link}
            to={kind === 'gateway' ? '/gateways' : `/devices/${encodeURIComponent(claimed)}`}
            onClick={onClose}
          >
            {t('open', { device: claimed })}
          </Button>
        )}
        <Button variant={claimed ? 'default' : 'filled'} onClick={onClose}>
          {ui('close')}
        </Button>
      </Group>
    </Stack>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

interface OneProps {
  kind: Kind;
  code: NewCode;
  claimed: string | undefined;
  now: number;
}

function OneCode({ kind, code, claimed, now }: OneProps) {
  const t = useTexts();
  const fingerprint = useAuthority().data?.root.fingerprint;
  const left = new Date(code.expires_at).getTime() - now;
  const server = location.origin;
  const line = enrolLine(kind, server, code.code, fingerprint);
  if (claimed) {
    return (
      <Alert color="green" icon={<Icon name="check" />} title={t('claimed', { device: claimed })} role="status">
        <Code>{spacedCode(code.code)}</Code>
      </Alert>
    );
  }
  if (left <= 0) return <Alert color="orange" icon={<Icon name="clock" />} title={t('expired')} role="alert" />;
  return (
    <Group align="flex-start" wrap="nowrap">
      <QrImage text={enrolAddress(server, code.code)} label={t('qr')} />
      <Stack gap="xs" style={{ flex: 1, minWidth: 0 }}>
        <Paper withBorder p="sm">
          <Text fz={40} fw={700} ff="monospace" lh={1.1} aria-label={`${t('code')} ${[...code.code].join(' ')}`}>
            {spacedCode(code.code)}
          </Text>
        </Paper>
        <Group gap="sm">
          <CopyButton value={code.code} />
          <Text size="sm" c="dimmed">
            {t('left', { time: formatDuration(left) })}
          </Text>
        </Group>
        <div role="status">
          <StatusBadge tone="busy" label={t(`waiting.${kind}`)} />
        </div>
        <Text size="xs" c="dimmed">
          {t(`runThere.${kind}`)}
        </Text>
        <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {line}
        </Code>
        <Group>
          <CopyButton value={line} label={t('copyLine')} />
        </Group>
      </Stack>
    </Group>
  );
}

interface ManyProps {
  kind: Kind;
  codes: NewCode[];
  claims: Map<string, string> | undefined;
  now: number;
}

function ManyCodes({ kind, codes, claims, now }: ManyProps) {
  const t = useTexts();
  return (
    <ScrollArea.Autosize mah={360}>
      <Table aria-label={t('list')}>
        <Table.Tbody>
          {codes.map((code) => {
            const used = claims?.get(code.id);
            return (
              <Table.Tr key={code.id}>
                <Table.Td>
                  <Code fz="lg">{spacedCode(code.code)}</Code>
                </Table.Td>
                <Table.Td>
                  {used ? (
                    <StatusBadge tone="good" label={t('claimed', { device: used })} />
                  ) : new Date(code.expires_at).getTime() <= now ? (
                    <StatusBadge tone="warning" icon="clock" label={t('expired')} />
                  ) : (
                    <StatusBadge tone="idle" label={t(`waiting.${kind}`)} />
                  )}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
