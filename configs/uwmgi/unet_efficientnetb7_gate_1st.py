_base_ = './unet_efficientnetb7_1st.py'
everything = dict(type='InfiniteSampler', shuffle=True)
train_dataloader = dict(sampler=dict(_delete_=True, **everything))
