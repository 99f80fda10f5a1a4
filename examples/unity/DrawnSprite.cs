// A sprite in Unity, drawn over frames: put it on an object with a SpriteRenderer, beside Iddpm.cs in Assets/Scripts.
using System;
using System.IO;
using UnityEngine;

public class DrawnSprite : MonoBehaviour
{
    public string model = "sprites32.safetensors"; // in Assets/StreamingAssets
    public string className = "sword";
    public uint seed = 7;
    public uint microseconds = 4000; // of each frame; it may be an operation of the network more

    IntPtr run;
    byte[] rgba;
    Texture2D texture;

    void Start()
    {
        IntPtr opened = IntPtr.Zero, studio = IntPtr.Zero;
        try
        {
            opened = Iddpm.OpenModel(Path.Combine(Application.streamingAssetsPath, model));
            studio = Iddpm.On(opened);
            run = Iddpm.Begin(studio, seed, className); // it needs neither of the others from here on
            var info = Iddpm.About(opened);
            rgba = new byte[info.Width * info.Height * 4];
            texture = new Texture2D((int)info.Width, (int)info.Height, TextureFormat.RGBA32, false);
        }
        finally
        {
            Iddpm.FreeStudio(studio);
            Iddpm.FreeModel(opened);
        }
        texture.filterMode = FilterMode.Point;
        var all = new Rect(0, 0, texture.width, texture.height);
        var renderer = GetComponent<SpriteRenderer>();
        renderer.sprite = Sprite.Create(texture, all, new Vector2(0.5f, 0.5f), texture.height);
        renderer.flipY = true; // its rows go from below, ours from above
    }

    void Update()
    {
        if (run == IntPtr.Zero) return;
        var isLeft = false; // so it is where a call throws
        try
        {
            isLeft = Iddpm.Advance(run, microseconds);
            Iddpm.Preview(run, 0, rgba, texture.width * 4); // as it will be; where nothing is left, as it is
            texture.LoadRawTextureData(rgba);
            texture.Apply();
        }
        finally
        {
            if (!isLeft) OnDestroy();
        }
    }

    void OnDestroy()
    {
        Iddpm.FreeRun(run);
        run = IntPtr.Zero;
    }
}
