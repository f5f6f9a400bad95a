import { Center, Loader } from '@mantine/core';

export function Starting() {
  return (
    <Center h="100vh">
      <Loader aria-label="Stratus" />
    </Center>
  );
}
