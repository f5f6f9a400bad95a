import { Alert, Button, Code, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Permitted } from '@/entities/session/Permitted';
import { api, take } from '@/shared/api/client';
import { CopyAsCli, shellLine } from '@/shared/ui/CopyAsCli';
import { Dialog } from '@/shared/ui/Dialog';
import { Icon } from '@/shared/ui/icons';
import { PageState } from '@/shared/ui/PageState';
import { useTexts } from './i18n';

/** Has the server follow the chain of hashes through the whole log. */
export function VerifyChain() {
  const t = useTexts();
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Permitted scope="audit:read">
        {(disabled) => (
          <Button
            variant="light"
            disabled={disabled}
            leftSection={<Icon name="shield" size={16} />}
            onClick={() => setOpened(true)}
          >
            {t('verify')}
          </Button>
        )}
      </Permitted>
      <Dialog opened={opened} onClose={() => setOpened(false)} title={t('verify')}>
        <Verdict />
      </Dialog>
    </>
  );
}

function Verdict() {
  const t = useTexts();
  const verdict = useQuery({
    queryKey: ['audit-verification'],
    queryFn: () => take(api.GET('/api/v1/audit/verification')),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <PageState query={verdict} loading={<Text role="status">{t('verifying')}</Text>}>
      {({ sound, sequence = 0, hash = '', problem = '' }) => {
        const head = `${sequence}:${hash}`;
        return (
          <Stack>
            <Alert
              role="status"
              color={sound ? 'green' : 'red'}
              icon={<Icon name={sound ? 'check' : 'warning'} />}
              title={sound ? t('sound', { sequence }) : t('broken')}
            >
              {sound ? t('soundText') : problem}
            </Alert>
            {sound && sequence > 0 && (
              <>
                <Code block style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                  {head}
                </Code>
                <CopyAsCli command={shellLine(['stratus', 'audit', 'verify', '--head', head])} />
              </>
            )}
          </Stack>
        );
      }}
    </PageState>
  );
}
