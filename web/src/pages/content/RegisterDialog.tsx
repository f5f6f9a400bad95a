import { Suspense } from 'react';
import { lazyPart } from '@/shared/lib/loadPart';
import { Dialog } from '@/shared/ui/Dialog';
import { LoadingRows } from '@/shared/ui/PageState';
import { useRegisterTexts } from './registerTexts';

// The converter comes when it is wanted.
const RegisterForm = lazyPart(async () => ({ default: (await import('./RegisterForm')).RegisterForm }));

export function RegisterDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const t = useRegisterTexts();
  return (
    <Dialog opened={opened} onClose={onClose} title={t('title')} size="80rem">
      <Suspense fallback={<LoadingRows rows={6} />}>
        <RegisterForm onClose={onClose} />
      </Suspense>
    </Dialog>
  );
}
