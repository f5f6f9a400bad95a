import { Accordion, Button, Code, Group, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { useAuthority } from '@/entities/authority';
import { enrolAddress, enrolLine } from '@/features/register-device/codes';
import { QrImage } from '@/features/register-device/QrImage';
import { api, take } from '@/shared/api/client';
import { useLiveRefresh } from '@/shared/live';
import { shellLine } from '@/shared/ui/CopyAsCli';
import { CopyButton } from '@/shared/ui/CopyButton';
import { Icon } from '@/shared/ui/icons';
import { PageState, ProblemAlert } from '@/shared/ui/PageState';
import { StatusBadge } from '@/shared/ui/StatusBadge';
import { TimeText } from '@/shared/ui/values';
import { useTexts } from './i18n';

/** No device at hand: the line that makes fifty, as docs/operations/simulator.md has it. */
function Simulated() {
  const t = useTexts();
  const { hostname, origin } = location;
  const words = ['stratus-sim', 'run', '--server', origin, '--ca', 'DATA/tls/server.pem'];
  words.push('--broker', `mqtts://${hostname}:8883`, '--identities', './sim', '--token-file', 'DATA/admin.token');
  return (
    <Accordion variant="contained">
      <Accordion.Item value="simulated">
        <Accordion.Control>{t('simulated')}</Accordion.Control>
        <Accordion.Panel>
          <Stack gap="xs" align="flex-start">
            <Text size="sm">{t('simulatedText')}</Text>
            <Code block w="100%" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
              {shellLine([...words, '--count', '50'])}
            </Code>
            <CopyButton value={shellLine([...words, '--count', '50'])} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

const FIRST_KEY = ['devices', 'first'];

export function FirstDeviceStep() {
  const t = useTexts();
  const authority = useAuthority();
  const make = useMutation({
    mutationFn: () => take(api.POST('/api/v1/registration-codes', { body: { kind: 'device', ttl_s: 3600, count: 1 } })),
  });
  const first = useQuery({
    queryKey: FIRST_KEY,
    queryFn: () => take(api.GET('/api/v1/devices', { params: { query: { limit: 1 } } })),
  });
  useLiveRefresh(['devices', 'certificates'], FIRST_KEY);
  const device = first.data?.devices[0];
  const code = make.data?.codes[0];
  return (
    <Stack>
      <Text>{t('deviceText')}</Text>
      <PageState query={authority}>
        {({ root }) => {
          const line = enrolLine('device', location.origin, code?.code ?? 'CODE', root.fingerprint);
          return (
            <>
              <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {line}
              </Code>
              <Group>
                <Button variant={code ? 'default' : 'filled'} loading={make.isPending} onClick={() => make.mutate()}>
                  {t('makeCode')}
                </Button>
                {code && (
                  <>
                    <Text fw={700} size="xl" ff="monospace">
                      {code.code}
                    </Text>
                    <CopyButton value={line} />
                    <QrImage text={enrolAddress(location.origin, code.code)} label={t('qr')} />
                    <Text size="sm" c="dimmed">
                      {t('valid')} <TimeText value={code.expires_at} style="short" />
                    </Text>
                  </>
                )}
              </Group>
            </>
          );
        }}
      </PageState>
      {make.error && <ProblemAlert error={make.error} />}
      <Simulated />
      <Group justify="space-between" role="status">
        {device ? (
          <StatusBadge tone="good" label={t('joined', { name: device.label || device.id })} />
        ) : (
          <StatusBadge tone="idle" label={t('waiting')} />
        )}
        <Button
          component={Link}
          to="/"
          variant={device ? 'filled' : 'default'}
          rightSection={<Icon name="right" size={16} />}
        >
          {device ? t('finish') : t('later')}
        </Button>
      </Group>
    </Stack>
  );
}
