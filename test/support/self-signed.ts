import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** A key and a certificate that nobody signed, for servers that a test's browser takes for another site. */
export function selfSigned(names: readonly string[]): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  // ecdsa-with-SHA256 (RFC 5758, 3.2).
  const algorithm = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  const commonName = sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from('Visavis tests')));
  const name = sequence(der(0x31, commonName));
  const alternatives = sequence(...names.map((one) => der(0x82, Buffer.from(one))));
  const extension = sequence(Buffer.from('0603551d11', 'hex'), der(0x04, alternatives));
  // RFC 5280, 4.1: the third version, because of the names.
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(utcTime(-1), utcTime(30)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', body, privateKey)]));
  const text = sequence(body, algorithm, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
  };
}

/** X.690, 8.1: tag, length, content. */
function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function utcTime(daysFromNow: number): Buffer {
  const at = new Date(Date.now() + daysFromNow * 24 * 60 * 60_000).toISOString();
  return der(0x17, Buffer.from(`${at.replace(/\D/g, '').slice(2, 14)}Z`));
}
