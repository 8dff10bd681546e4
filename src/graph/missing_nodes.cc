#include "graph/missing_nodes.h"

#include <algorithm>
#include <array>

namespace zanime::graph {
namespace {

// Why, and the names, each on a line or between commas.
struct Group {
  MissingReason reason;
  std::string_view sentence;  // goes on after the node's name
  std::string_view names;
};

constexpr std::array kGroups{
    Group{MissingReason::kService, "runs on a service on the web that takes money",
          "BeebleSwitchXImageEdit,BeebleSwitchXVideoEdit,BriaAddObject,BriaEraseByText,"
          "BriaEraseForeground,BriaEraser,BriaExpandImage,BriaGenFill,"
          "BriaGuidedRemoveBackground,BriaImageEditNode,BriaImageGenerate,"
          "BriaIncreaseResolution,BriaProductHolding,BriaRelight,BriaRemoveImageBackground,"
          "BriaRemoveVideoBackground,BriaReplaceImageBackground,BriaReplaceObject,BriaReseason,"
          "BriaRestorePhoto,BriaTransparentVideoBackground,BriaVideoEraser,"
          "BriaVideoGreenScreen,BriaVideoReplaceBackground,BriaVirtualTryOn,"
          "BuildJsonPromptIdeogram,ByteDance2DraftToFinalVideoNode,"
          "ByteDance2FirstLastFrameNode,ByteDance2ReferenceNode,ByteDance2ReferenceNodeV2,"
          "ByteDance2TextToVideoNode,ByteDanceCreateImageAsset,ByteDanceCreateVideoAsset,"
          "ByteDanceFirstLastFrameNode,ByteDanceImageToVideoNode,ByteDanceSeedAudio,"
          "ByteDanceSeedNode,ByteDanceSeedreamLayerSeparationNode,"
          "ByteDanceSeedreamLayerSeparationNodeV2,ByteDanceSeedreamNode,"
          "ByteDanceSeedreamNodeV2,ByteDanceSeedreamNodeV3,ByteDanceTextToVideoNode,"
          "ByteDanceVideoEnhanceNode,ClarityCrystalUpscaleNode,ClarityCrystalVideoUpscaleNode,"
          "ClaudeNode,ComfyCloudFlux2TextToImageNode,ComfyCloudMageFlowTextToImageNode,"
          "ComfyCloudMageFlowTurboTextToImageNode,ComfyCloudMiniMaxH3FirstLastFrameToVideoNode,"
          "ComfyCloudMiniMaxH3ImageToVideoNode,ComfyCloudMiniMaxH3TextToVideoNode,"
          "ComfyCloudMiniMaxMusic3TextToAudioNode,ComfyCloudZImageTurboNode,"
          "ElevenLabsAudioIsolation,ElevenLabsInstantVoiceClone,ElevenLabsSpeechToSpeech,"
          "ElevenLabsSpeechToText,ElevenLabsTextToDialogue,ElevenLabsTextToSoundEffects,"
          "ElevenLabsTextToSpeech,ElevenLabsVoiceSelector,FishAudioInstantVoiceClone,"
          "FishAudioSpeechToText,FishAudioTextToSpeech,FishAudioVoiceSelector,Flux2ImageNode,"
          "Flux2MaxImageNode,Flux2ProImageNode,Flux3ImageNode,Flux3ImageToVideoNode,"
          "Flux3LayoutPrompt,Flux3MaxImageToVideoNode,Flux3MaxTextToVideoNode,"
          "Flux3TextToVideoNode,Flux3VideoContinuationNode,FluxEraseNode,"
          "FluxKontextMaxImageNode,FluxKontextProImageNode,FluxProExpandNode,FluxProFillNode,"
          "FluxProUltraImageNode,FluxVTONode,FluxVideoEditNode,FluxVideoUpscaleNode,"
          "GeminiImage2Node,GeminiImageNode,GeminiInputFiles,GeminiNanoBanana2,"
          "GeminiNanoBanana2V2,GeminiNode,GeminiNodeV2,GeminiNodeV3,GeminiVideoOmni,"
          "GeminiVideoOmniV2,GrokImageEditNode,GrokImageEditNodeV2,GrokImageNode,"
          "GrokVideoEditNode,GrokVideoExtendNode,GrokVideoNode,GrokVideoReferenceNode,"
          "HappyHorseImageToVideoApi,HappyHorseReferenceVideoApi,HappyHorseTextToVideoApi,"
          "HappyHorseVideoEditApi,HeyGenAvatarVideoNode,HeyGenCreateAvatarNode,"
          "HeyGenImageToVideoNode,HeyGenReferenceToVideoNode,HeyGenTalkingPhotoNode,"
          "HeyGenTextToSpeechNode,HeyGenVideoTranslateNode,HeyGenVoiceCloneNode,"
          "HeyGenVoiceTextToSpeechNode,HiggsfieldMotionTransferNode,HitPawGeneralImageEnhance,"
          "HitPawVideoEnhance,HunyuanImageEditApi,HunyuanImageTextToImageApi,IdeogramEditApi,"
          "IdeogramPImage,IdeogramPreciseEditApi,IdeogramTextToImageApi,IdeogramV3,IdeogramV4,"
          "IdeogramVectorGenerateApi,IdeogramVectorImageToSVGApi,KlingAvatarNode,"
          "KlingFirstLastFrameNode,KlingImage2VideoNode,KlingImageGenerationNode,"
          "KlingImageToVideoWithAudio,KlingLipSyncAudioToVideoNode,KlingLipSyncTextToVideoNode,"
          "KlingMotionControl,KlingOmniProEditVideoNode,KlingOmniProFirstLastFrameNode,"
          "KlingOmniProImageNode,KlingOmniProImageToVideoNode,KlingOmniProTextToVideoNode,"
          "KlingOmniProVideoToVideoNode,KlingStartEndFrameNode,KlingTextToVideoNode,"
          "KlingTextToVideoWithAudio,KlingTryOnNode,KlingVideoNode,Krea2ImageNode,"
          "Krea2StyleReferenceNode,Krea3ImageNode,LtxApi25AudioToVideo,LtxApi25ImageToVideo,"
          "LtxApi25TextToVideo,LumaConceptsNode,LumaImageEditNode2,LumaImageModifyNode,"
          "LumaImageNode,LumaImageNode2,LumaImageToVideoNode,LumaRay32ExtendVideoNode,"
          "LumaRay32ImageToVideoNode,LumaRay32KeyframeNode,LumaRay32KeyframesToVideoNode,"
          "LumaRay32TextToVideoNode,LumaRay32VideoEditNode,LumaRay32VideoReframeNode,"
          "LumaReferenceNode,LumaVideoNode,MagnificImageRelightNode,"
          "MagnificImageSkinEnhancerNode,MagnificImageStyleTransferNode,"
          "MagnificImageUpscalerCreativeNode,MagnificImageUpscalerPreciseV2Node,"
          "MeshyAnimateModelNode,MeshyImageToModelNode,MeshyImageToModelSmartTopologyNode,"
          "MeshyMultiImageToModelNode,MeshyRefineNode,MeshyRigModelNode,MeshyTextToModelNode,"
          "MeshyTextToModelSmartTopologyNode,MeshyTextureMultiViewNode,MeshyTextureNode,"
          "MetaMuseImageEditApi,MetaMuseImageTextToImageApi,MinimaxHailuo03ContextIRNode,"
          "MinimaxHailuo03FirstLastFrameNode,MinimaxHailuo03ReferenceNode,"
          "MinimaxHailuo03RegenerateNode,MinimaxHailuo03TextToVideoNode,MinimaxHailuoVideoNode,"
          "MinimaxImageToVideoNode,MinimaxTextToVideoNode,MireloTextToSFX,MireloVideoToSFX,"
          "OpenAIChatConfig,OpenAIChatNode,OpenAIGPTImage1,OpenAIGPTImageNodeV2,"
          "OpenAIInputFiles,OpenRouterImageNode,OpenRouterLLMNode,PixverseImageToVideoNode,"
          "PixverseTemplateNode,PixverseTextToVideoNode,PixverseTransitionVideoNode,"
          "PixverseV6ExtendVideoNode,PixverseV6FirstLastFrameNode,PixverseV6FusionVideoNode,"
          "PixverseV6ImageToVideoNode,PixverseV6TextToVideoNode,PrunaImageToVideoNode,"
          "PrunaTextToVideoNode,QuiverImageToSVGNode,QuiverImageToSVGNodeV2,"
          "QuiverTextToSVGNode,QuiverTextToSVGNodeV2,QwenImageEditApi,QwenImageTextToImageApi,"
          "RecraftColorRGB,RecraftControls,RecraftCreateStyleNode,RecraftCreativeUpscaleNode,"
          "RecraftCrispUpscaleNode,RecraftImageInpaintingNode,RecraftImageToImageNode,"
          "RecraftRemoveBackgroundNode,RecraftReplaceBackgroundNode,"
          "RecraftStyleV3DigitalIllustration,RecraftStyleV3InfiniteStyleLibrary,"
          "RecraftStyleV3LogoRaster,RecraftStyleV3RealisticImage,RecraftTextToImageNode,"
          "RecraftTextToVectorNode,RecraftV4CreateStyleNode,RecraftV4TextToImageNode,"
          "RecraftV4TextToVectorNode,RecraftVectorizeImageNode,ReveImageCreateNode,"
          "ReveImageEditNode,ReveImageRemixNode,Rodin3D_Detail,Rodin3D_Gen2,"
          "Rodin3D_Gen25_Image,Rodin3D_Gen25_Text,Rodin3D_Regular,Rodin3D_Sketch,"
          "Rodin3D_Smooth,RunwayAleph2KeyframeNode,RunwayAleph2PromptImageNode,"
          "RunwayAleph2VideoToVideoNode,RunwayFirstLastFrameNode,RunwayImageToVideoNodeGen3a,"
          "RunwayImageToVideoNodeGen4,RunwayTextToImageNode,SaveSVGNode,SoniloTextToMusic,"
          "SoniloVideoToMusic,SyncLipSyncNode,SyncTalkingImageNode,Tencent3DPartNode,"
          "Tencent3DTextureEditNode,TencentImageToModelNode,TencentModelTo3DUVNode,"
          "TencentSmartTopologyNode,TencentTextToModelNode,TopazImageEnhance,"
          "TopazImageEnhanceV2,TopazVideoEnhance,TopazVideoEnhanceV2,TripoConversionNode,"
          "TripoEditMultiviewNode,TripoImageToModelNode,TripoImageToModelNodeV2,"
          "TripoImageToMultiviewNode,TripoImportModelNode,TripoMeshCompleteNode,"
          "TripoMultiviewToModelNode,TripoP1ImageToModelNode,TripoP1MultiviewToModelNode,"
          "TripoP1TextToModelNode,TripoPSeriesImageToModelNode,"
          "TripoPSeriesMultiviewToModelNode,TripoPSeriesTextToModelNode,TripoRetargetNode,"
          "TripoRetopologyNode,TripoRigCheckNode,TripoRigNode,TripoSegmentNode,"
          "TripoSmartSegmentNode,TripoTextToModelNode,TripoTextToModelNodeV2,TripoTextureNode,"
          "TripoTextureNodeV2,VeedCleanAudioNode,VeedCleanVideoAudioNode,VeedFabricNode,"
          "VeedLipsyncNode,VeedRemoveVideoBackgroundNode,Veo3FirstLastFrameNode,"
          "Veo3VideoGenerationNode,Vidu2ImageToVideoNode,Vidu2ReferenceVideoNode,"
          "Vidu2StartEndToVideoNode,Vidu2TextToVideoNode,Vidu3ImageToVideoNode,"
          "Vidu3StartEndToVideoNode,Vidu3TextToVideoNode,Vidu4ImageToVideoNode,"
          "Vidu4ReferenceVideoNode,ViduExtendVideoNode,ViduImageToVideoNode,"
          "ViduMultiFrameVideoNode,ViduReferenceVideoNode,ViduStartEndToVideoNode,"
          "ViduTextToVideoNode,Wan2ImageToVideoApi,Wan2ReferenceVideoApi,Wan2TextToVideoApi,"
          "Wan2VideoContinuationApi,Wan2VideoEditApi,Wan3ImageToVideoApi,"
          "Wan3ReferenceToVideoApi,WanImageToImageApi,WanImageToVideoApi,WanReferenceVideoApi,"
          "WanTextToImageApi,WanTextToVideoApi,WavespeedFlashVSRNode,WavespeedImageUpscaleNode,"
          // What older versions had.
          "ByteDanceImageEditNode,ByteDanceImageNode,ByteDanceImageReferenceNode,"
          "FluxProCannyNode,FluxProDepthNode,FluxProImageNode,IdeogramV1,IdeogramV2,"
          "KlingCameraControlI2VNode,KlingCameraControlT2VNode,KlingCameraControls,"
          "KlingDualCharacterVideoEffectNode,KlingSingleImageVideoEffectNode,"
          "KlingVideoExtendNode,KlingVirtualTryOnNode,LtxvApiImageToVideo,LtxvApiTextToVideo,"
          "MinimaxSubjectToVideoNode,MoonvalleyImg2VideoNode,MoonvalleyTxt2VideoNode,"
          "MoonvalleyVideo2VideoNode,OpenAIDalle2,OpenAIDalle3,OpenAIVideoSora2,"
          "PikaImageToVideoNode2_2,PikaScenesV2_2,PikaStartEndFrameNode2_2,"
          "PikaTextToVideoNode2_2,Pikadditions,Pikaffects,Pikaswaps,"
          "RecraftStyleV3VectorIllustrationNode,StabilityAudioInpaint,StabilityAudioToAudio,"
          "StabilityStableImageSD_3_5Node,StabilityStableImageUltraNode,StabilityTextToAudio,"
          "StabilityUpscaleConservativeNode,StabilityUpscaleCreativeNode,"
          "StabilityUpscaleFastNode,TripoRefineNode,VeoVideoGenerationNode,"},
    Group{MissingReason::kVideo, "is a node for video models",
          "ARVideoI2V,BerniniConditioning,CLIPTextEncodeKandinsky5,ConcatenateVideo,"
          "ConditioningSetAreaPercentageVideo,ContextWindowsManual,CosmosImageToVideoLatent,"
          "CosmosPredict2ImageToVideoLatent,CreateVideo,EmptyARVideoLatent,"
          "EmptyCosmosLatentVideo,EmptyHunyuanLatentVideo,EmptyHunyuanVideo15Latent,"
          "EmptyLTXVLatentVideo,EmptyMiniMaxH3LatentAV,EmptyMochiLatentVideo,FrameInterpolate,"
          "FrameInterpolationModelLoader,GenerateTracks,GetICLoRAParameters,GetVideoComponents,"
          "HunyuanImageToVideo,HunyuanVideo15ImageToVideo,HunyuanVideo15LatentUpscaleWithModel,"
          "HunyuanVideo15SuperResolution,ImageOnlyCheckpointLoader,Kandinsky5ImageToVideo,"
          "LTXAVTextEncoderLoader,LTXVAddGeneratedKeyframes,LTXVAddGuide,LTXVAddLatentGuide,"
          "LTXVConcatAVLatent,LTXVConditioning,LTXVContextWindows,LTXVCropGuides,"
          "LTXVDualCFGGuider,LTXVDurationPredictor,LTXVFreezeLatent,"
          "LTXVGeneratedKeyframesToGuides,LTXVImgToVideo,LTXVImgToVideoInplace,"
          "LTXVLatentUpsampler,LTXVModalityGuidance,LTXVPreprocess,LTXVScheduler,"
          "LTXVSeparateAVLatent,LTXVSeparateGeneratedKeyframes,LTXVSpatioTemporalGuidance,"
          "LatentUpscaleModelLoader,LoadVideo,MiniMaxH3FunControlNetApply,"
          "MiniMaxH3ImageToVideo,MiniMaxH3SigmaShift,ModelMergeLTXV,ModelMergeMochiPreview,"
          "ModelMergeWAN2_1,ModelSamplingLTXV,NormalizeVideoLatentStart,"
          "ReplaceVideoLatentFrames,SCAIL2ColoredMask,SVD_img2vid_Conditioning,SamplerARVideo,"
          "SaveVideo,SaveWEBM,SeedVR2Conditioning,SeedVR2PostProcessing,SeedVR2Preprocess,"
          "SeedVR2ProgressiveSampler,SeedVR2TemporalChunk,SeedVR2TemporalMerge,"
          "ShuffleVideoDataset,ShuffleVideoTextDataset,TextEncodeHunyuanVideo_ImageToVideo,"
          "TrimVideoLatent,VOIDInpaintConditioning,VOIDQuadmaskPreprocess,VOIDSampler,"
          "VOIDWarpedNoise,VOIDWarpedNoiseSource,Video Slice,VideoCrop,VideoFrameSample,"
          "VideoLinearCFGGuidance,VideoRandomTemporalCrop,VideoTemporalCrop,"
          "VideoTriangleCFGGuidance,VideoTrim,Wan22FunControlToVideo,Wan22ImageToVideoLatent,"
          "WanAnimate2Cache,WanAnimate2ToVideo,WanAnimateToVideo,WanCameraEmbedding,"
          "WanCameraImageToVideo,WanContextWindowsManual,WanFirstLastFrameToVideo,"
          "WanFunControlToVideo,WanFunInpaintToVideo,WanHuMoImageToVideo,WanImageToVideo,"
          "WanMoveConcatTrack,WanMoveTrackToVideo,WanMoveTracksFromCoords,"
          "WanMoveVisualizeTracks,WanPhantomSubjectToVideo,WanSCAILToVideo,"
          "WanSoundImageToVideoExtend,WanTrackToVideo,WanUni3CControlnetApply,WanVaceToVideo,"},
    Group{MissingReason::kAudio, "is a node for sound",
          "AudioAdjustVolume,AudioConcat,AudioEncoderEncode,AudioEncoderLoader,"
          "AudioEqualizer3Band,AudioMerge,ConditioningStableAudio,EmptyAceStep1.5LatentAudio,"
          "EmptyAceStepLatentAudio,EmptyAudio,EmptyLatentAudio,EmptyMiniMaxMusic3LatentAudio,"
          "EmptyYuE2LatentAudio,GetAudioLatentSize,JoinAudioChannels,LTXVAudioVAEDecode,"
          "LTXVAudioVAEEncode,LTXVAudioVAELoader,LTXVEmptyLatentAudio,LTXVReferenceAudio,"
          "LoadAudio,MiniMaxH3AddGuide,MiniMaxH3ReferenceToVideo,MiniMaxMusic3TextEncode,"
          "PreviewAudio,RecordAudio,ReferenceTimbreAudio,SaveAudio,SaveAudioAdvanced,"
          "SaveAudioMP3,SaveAudioOpus,SheetSage2AudioToABC,SplitAudioChannels,"
          "TextEncodeAceStepAudio,TextEncodeAceStepAudio1.5,TrimAudioDuration,VAEDecodeAudio,"
          "VAEDecodeAudioTiled,VAEEncodeAudio,WanDancerEncodeAudio,WanDancerPadKeyframes,"
          "WanDancerPadKeyframesList,WanDancerVideo,WanInfiniteTalkToVideo,"
          "WanSoundImageToVideo,YuE2GenerateMusic,"},
    Group{MissingReason::kThreeD, "is a node for 3D models",
          "ApplyTextureToMesh,BakeAmbientOcclusion,BakeNormalMapFromMesh,BakeTextureFromVoxel,"
          "BuildPoseFile,CameraAngle,CreateCameraInfo,DA3GeometryToMesh,DecimateMesh,"
          "EmptyLatentHunyuan3Dv2,EmptyTrellis2LatentStructure,File3DToSplat,FillHoles,"
          "Get3DComponents,GetMeshInfo,GetSplatCount,Hunyuan3Dv2Conditioning,"
          "Hunyuan3Dv2ConditioningMultiView,Load3D,Load3DAdvanced,MediaPipeFaceMeshVisualize,"
          "MergeMeshes,MergeSplat,MeshSmoothNormals,MeshTextureToImage,MeshToFile3D,"
          "MoGePointMapToMesh,PaintMesh,Pixal3DConditioning,Pixal3DMultiViewConditioning,"
          "Preview3D,Preview3DAdvanced,PreviewGaussianSplat,PreviewPointCloud,RemeshMesh,"
          "RenderMesh,RenderSplat,RenderUVAtlas,RotateMesh,SAM3DBody_FaceExpression,"
          "SAM3DBody_Loader,SAM3DBody_Predict,SAM3DBody_Render,SAM3DBody_Smooth,"
          "SV3D_Conditioning,Save3DAdvanced,SaveGLB,SaveGaussianSplat,SavePointCloud,"
          "SplatToFile3D,SplatToMesh,StableZero123_Conditioning,"
          "StableZero123_Conditioning_Batched,TransformSplat,Trellis2Conditioning,"
          "Trellis2ShapeStage,Trellis2TextureStage,Trellis2UpsampleStage,"
          "TripoSplatConditioning,TripoSplatPreprocessImage,TripoSplatSamplingPreview,"
          "UnwrapMesh,VAEDecodeHunyuan3D,VAEDecodeTripoSplat,VaeDecodeShapeTrellis,"
          "VaeDecodeStructureTrellis2,VaeDecodeTextureTrellis,VoxelToMesh,VoxelToMeshBasic,"
          "WeldVertices,DA3GeometryToPointCloud,Load3DAnimation,Preview3DAnimation,"},
    Group{MissingReason::kVision, "needs a model that looks at pictures",
          "CropByBBoxes,DA3Inference,DA3Render,DrawBBoxes,LoadBackgroundRemovalModel,"
          "LoadDA3Model,LoadMediaPipeFaceLandmarker,LoadMoGeModel,MediaPipeFaceLandmarker,"
          "MediaPipeFaceMask,MoGeGeometryToFOV,MoGeInference,MoGePanoramaInference,MoGeRender,"
          "OpticalFlowLoader,RTDETR_detect,RemoveBackground,SAM3_Detect,SAM3_TrackPreview,"
          "SAM3_TrackToMask,SAM3_VideoTrack,SDPoseDrawKeypoints,SDPoseFaceBBoxes,"
          "SDPoseKeypointExtractor,"},
    Group{MissingReason::kLanguage, "needs a language model that writes",
          "TextGenerate,TextGenerateLTX2Prompt,YuE2GenerateABC,"},
    Group{MissingReason::kTraining, "is a node for training and its data",
          "ImageDeduplication,LoadImageDataSetFromFolder,LoadImageSetFromFolderNode,"
          "LoadImageSetNode,LoadImageTextDataSetFromFolder,LoadImageTextSetFromFolderNode,"
          "LoadLoraModel,LoadLoraTextEncoder,LoadTrainingDataset,LoadVideoDataSetFromFolder,"
          "LoadVideoTextDataSetFromFolder,LoraModelLoader,LossGraphNode,MakeTrainingDataset,"
          "ResolutionBucket,SaveImageDataSetToFolder,SaveImageTextDataSetToFolder,SaveLoRA,"
          "SaveLoRANode,SaveTrainingDataset,ShuffleDataset,ShuffleImageTextDataset,"
          "TrainLoraNode,"},
    Group{MissingReason::kOtherFamily, "is a node for models of other families",
          "AnimaLLLiteApply,CLIPAttentionMultiply,CLIPTextEncodeControlnet,CLIPTextEncodeFlux,"
          "CLIPTextEncodeHiDream,CLIPTextEncodeHunyuanDiT,CLIPTextEncodePixArtAlpha,"
          "CLIPTextEncodeSD3,CLIPTextEncodeSDXL,CLIPTextEncodeSDXLRefiner,CLIPVisionEncode,"
          "CLIPVisionLoader,ChromaRadianceOptions,ControlNetApply,ControlNetApplyAdvanced,"
          "ControlNetApplySD3,ControlNetInpaintingAliMamaApply,ControlNetLoader,"
          "DiffControlNetLoader,DualCLIPLoader,EmptyChromaRadianceLatentImage,"
          "EmptyHiDreamO1LatentImage,EmptyHunyuanImageLatent,EmptyQwenImageLayeredLatentImage,"
          "FluxDisableGuidance,FluxGuidance,FluxKVCache,FluxKontextImageScale,"
          "FluxKontextMultiReferenceLatentMethod,FreeU,FreeU_V2,GLIGENLoader,"
          "GLIGENTextBoxApply,HiDreamO1PatchSeamSmoothing,HiDreamO1ReferenceImages,"
          "HunyuanRefinerLatent,HyperTile,HypernetworkLoader,Ideogram4Scheduler,"
          "ImageOnlyCheckpointSave,InstructPixToPixConditioning,LotusConditioning,"
          "MOSSImageControl,MOSSImageLayoutPrompt,MarigoldV2PostProcess,ModelMergeAuraflow,"
          "ModelMergeCosmos14B,ModelMergeCosmos7B,ModelMergeCosmosPredict2_14B,"
          "ModelMergeCosmosPredict2_2B,ModelMergeFlux1,ModelMergeKrea2,ModelMergeMOSSImage,"
          "ModelMergeQwenImage,ModelMergeSD1,ModelMergeSD2,ModelMergeSD35_Large,"
          "ModelMergeSD3_2B,ModelMergeSDXL,ModelSamplingContinuousEDM,ModelSamplingContinuousV,"
          "ModelSamplingDiscrete,ModelSamplingStableCascade,PatchModelAddDownscale,"
          "PerturbedAttentionGuidance,PhotoMakerEncode,PhotoMakerLoader,PiDConditioning,"
          "QuadrupleCLIPLoader,QwenImage21Cache,ReferenceMultiLatent,SD_4XUpscale_Conditioning,"
          "SUPIRApply,SelfAttentionGuidance,SenseNovaSamplingOptions,SetUnionControlNetType,"
          "SkipLayerGuidanceSD3,StableCascade_EmptyLatentImage,"
          "StableCascade_StageB_Conditioning,StableCascade_StageC_VAEEncode,"
          "StableCascade_SuperResolutionControlnet,StyleModelApply,StyleModelLoader,"
          "T5TokenizerOptions,TextEncodeBooguEdit,TextEncodeFibo2,TextEncodeJoyImageEdit,"
          "TextEncodeMOSSImageEdit,TextEncodeMageFlowEdit,TextEncodeMingImageEdit,"
          "TextEncodeQwenImage21,TextEncodeQwenImageEdit,TextEncodeQwenImageEditPlus,"
          "TomePatchModel,TripleCLIPLoader,UNetCrossAttentionMultiply,"
          "UNetSelfAttentionMultiply,UNetTemporalAttentionMultiply,USOStyleReference,"
          "unCLIPCheckpointLoader,unCLIPConditioning,"},
    Group{MissingReason::kEditor, "belongs to the editor's window",
          "CreateBoundingBoxes,CurveEditor,LoadImageOutput,MarkdownNote,Note,Painter,Reroute,"
          "TerminalLog,WebcamCapture,"},
    Group{MissingReason::kMachine,
          "chooses among another program's devices and kernels; `--device` and its like do so here",
          "BlockSparseAttention,ModelAttentionBackend,MultiGPU_Options,MultiGPU_WorkUnits,"
          "SelectCLIPDevice,"
          "SelectModelDevice,SelectVAEDevice,TorchCompileModel,wanBlockSwap,"},
    Group{MissingReason::kNotYet, "is not in this program yet",
          "AddLayer,BranchNode,CLIPSave,CheckpointLoader,ConditioningLoader,"
          "ConvertArrayToString,ConvertDictionaryToString,CreateHookKeyframesFromFloats,"
          "DeprecatedCheckpointLoader,DeprecatedDiffusersLoader,DiffusersLoader,EndLoop,"
          "GLSLShader,GetItemFromList,GetLatentSize,ImageColorSpace,ImageCompositor,"
          "ImageHistogram,ImageSDRToHDR,LatentOperationBlend,"
          "LayersFromBoundingBoxes,LoopIteration,LoopProgress,LoopResult,"
          "PadImageNode,SaveConditioning,SaveText,"
          "StartLoop,TextOverlay,"},
};

// Calls `use` with each name of a group.
template <class Use>
void for_each_name(const Group& group, Use use) {
  std::string_view rest = group.names;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    use(rest.substr(0, comma));
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace

std::string_view missing_node_sentence(std::string_view class_name) {
  for (const Group& group : kGroups) {
    bool found = false;
    for_each_name(group, [&](std::string_view name) { found = found || name == class_name; });
    if (found) return group.sentence;
  }
  return "";
}

std::vector<MissingNode> missing_nodes(const NodeRegistry& registry) {
  std::vector<MissingNode> missing;
  for (const Group& group : kGroups) {
    for_each_name(group, [&](std::string_view name) {
      if (registry.find(std::string(name)) == nullptr) {
        missing.push_back({name, group.reason, group.sentence});
      }
    });
  }
  return missing;
}

std::string missing_node_table(const NodeRegistry& registry) {
  std::string table;
  std::string_view sentence;
  for (const MissingNode& node : missing_nodes(registry)) {
    if (node.sentence != sentence) {
      table += (table.empty() ? "" : "\n") + ("Each " + std::string(node.sentence)) + ":\n";
      sentence = node.sentence;
    }
    table += "    " + std::string(node.name) + "\n";
  }
  return table;
}

}  // namespace zanime::graph
