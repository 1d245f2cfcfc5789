# EfficientNet-B4 (Tan & Le, ICML 2019) of timm with its weights of ImageNet;
# all networks of timm are there by their name.
backbone = dict(
    type='TIMMEncoder', model_name='tf_efficientnet_b4', pretrained=True
)
